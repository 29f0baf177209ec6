"""How often each guest was started, and how often something stopped it: no wish starts a guest twice by itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable

Guest = tuple[str, str]
"""Host and server."""


class Starts:
    """Counts of one run. A host that forgot what it did (its journal is gone, or there are two) may do it again."""

    def __init__(self) -> None:
        self._boots: dict[Guest, int] = {}
        self._of_wish: dict[Guest, Counter[int]] = defaultdict(Counter)
        self._stopped: Counter[Guest] = Counter()
        self._forgotten: set[Guest] = set()

    def stopped(self, host: str, server: str) -> None:
        """Note that something stopped a guest, or may have: it may be started once more."""
        self._stopped[host, server] += 1

    def forgot(self, host: str, servers: Iterable[str]) -> None:
        """Note that a host does not know what it did with the servers of before."""
        self._forgotten |= {(host, server) for server in servers}

    def seen(self, host: str, server: str, boots: int, generation: int) -> bool:
        """Take note of a domain after a call; says whether all its starts were due.

        :param boots: starts since it was defined first.
        :param generation: of the wish that it was defined for last.
        """
        guest = (host, server)
        if boots > self._boots.get(guest, 0):
            self._of_wish[guest][generation] += 1
        self._boots[guest] = boots
        again = self._of_wish[guest].total() - len(self._of_wish[guest])
        return guest in self._forgotten or again <= self._stopped[guest]
