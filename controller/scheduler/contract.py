"""What a scheduler does. It decides on a mirror of the ledger; the ledger's comparisons say whether that holds."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from controller.db.engine import Tx
from controller.scheduler.terms import Ask, Place


class Decision(NamedTuple):
    """What was decided for one server: a host, or why none.

    ``place``: what it has of its host, once it is decided. ``never``: no host could take it even if it were empty.
    """

    server: str
    host: str | None
    reason: str
    place: Place | None = None
    never: bool = False


class Scheduler(Protocol):
    """Decides and claims. Called by the holder of the scheduler's lease, from any of its threads."""

    def claim(self, tx: Tx, asks: Sequence[Ask]) -> list[Decision]:
        """Pick a host for each, write the claims and the decision records in ``tx``.

        The caller writes the servers' hosts. One that has a claim already keeps it. Raises Conflict when the ledger
        changed meanwhile: roll back, try again.
        """
        ...

    def release(self, tx: Tx, servers: Sequence[str]) -> None:
        """Give back all that the ledger shows for these servers; again is harmless."""
        ...

    def reload(self) -> None:
        """Doubt what is remembered of the last claims: called after every rollback."""
        ...

    def own(self, shards: Collection[int]) -> None:
        """Take note of the shards that this controller writes from now on, by number."""
        ...
