"""What the controller wants on this host, as far as this session was told; and what of it waits for its turn."""

from collections.abc import Iterable, Sequence

from common.states import Power
from common.wire import Wanted
from compute_agent.allowance import Allowance
from compute_agent.journal import Entry


class Wishes:
    """Server -> the newest generation that is wanted.

    :param returns: how many guests may be started at once after the host's restart.
    """

    def __init__(self, returns: Allowance) -> None:
        self._returns = returns
        self._wanted: dict[str, int] = {}
        self._held: dict[str, int] = {}

    def heed(self, wanted: Sequence[Wanted]) -> None:
        """Take the desired list of a welcome in place of all that was wanted before."""
        self._wanted = {one.server: one.generation for one in wanted}
        self._held = {server: at for server, at in self._held.items() if self._wanted.get(server) == at}

    def accept(self, server: str, generation: int) -> None:
        """Note that the controller wants this; a newer wish waits no more for an older one's turn."""
        self._wanted[server] = generation
        if self._held.get(server, generation) < generation:
            del self._held[server]

    def current(self, entry: Entry) -> bool:
        """Say whether an entry's goal is the newest that is wanted; one that is deleted is wanted by nobody."""
        unheard = entry.goal.generation if entry.tombstone else None
        return self._wanted.get(entry.goal.server, unheard) == entry.goal.generation

    def stands(self, entry: Entry) -> bool:
        """Say whether an entry's goal may be worked on: it is wanted, or it is to be gone; and it need not wait."""
        if entry.goal.server in self._held:
            return False
        return entry.goal.power is Power.GONE or self._wanted.get(entry.goal.server) == entry.goal.generation

    # ---- after the host's restart --------------------------------------------------------------------------
    def hold(self, entries: Iterable[Entry]) -> None:
        """Let these wait for their turn to be started."""
        self._held |= {entry.goal.server: entry.goal.generation for entry in entries}

    @property
    def held(self) -> int:
        """Give the number of those that wait."""
        return len(self._held)

    def release(self) -> list[str]:
        """Give those whose turn it is, in the order in which they came."""
        turn = []
        while self._held and self._returns.take():
            server = next(iter(self._held))
            del self._held[server]
            turn.append(server)
        return turn

    def next_due(self) -> float | None:
        """Give the moment (monotonic seconds) of the next one's turn; None where nobody waits."""
        return self._returns.next_due() if self._held else None
