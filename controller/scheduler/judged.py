"""All hosts as one kind of server sees them, kept while a batch is decided."""

from bisect import bisect_left, insort
from collections.abc import Sequence

from common.model.decision import Fallen, NearMiss
from controller.scheduler import explain
from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask

Score = tuple[bool, float, str]


class Judged:
    """Who fits an ask, the best first, and why the others do not. A host that took something is judged anew alone."""

    def __init__(self, hosts: Sequence[Candidate], ask: Ask) -> None:
        self._ask = ask
        self._why: dict[Candidate, explain.Reasons] = {}
        self._places: dict[Candidate, Score] = {}
        self._best: list[tuple[Score, Candidate]] = []
        self._told: tuple[tuple[Fallen, ...], tuple[NearMiss, ...]] | None = None
        for host in hosts:
            self.judge(host)

    def judge(self, host: Candidate) -> None:
        """Ask every filter about a host, and give it its place."""
        if place := self._places.pop(host, None):
            del self._best[bisect_left(self._best, place, key=lambda one: one[0])]
        why = explain.reasons(host, self._ask)
        if why != self._why.get(host, {}):
            self._told = None
        self._why[host] = why
        if not why:
            self._places[host] = place = _score(host, self._ask)
            insort(self._best, (place, host), key=lambda one: one[0])

    @property
    def best(self) -> list[Candidate]:
        """Give the hosts that fit, up to as many as a record shows; the first is to be taken."""
        return [host for _, host in self._best[: explain.NEAR]]

    @property
    def fitting(self) -> int:
        """Count the hosts that fit."""
        return len(self._best)

    def no_valid_host(self) -> str:
        """Say in one line why no host fits."""
        return explain.no_valid_host(list(self._why.items()), self._ask)

    def others(self) -> tuple[tuple[Fallen, ...], tuple[NearMiss, ...]]:
        """Give why the other hosts fell, and which of them almost fit."""
        if self._told is None:
            judged = list(self._why.items())
            self._told = explain.fallen(judged), explain.near_misses(judged, self._ask)
        return self._told


def _score(host: Candidate, ask: Ask) -> Score:
    """Order hosts: used ones first, then the one that is left with least, then by name."""
    return not host.in_use, host.left(ask), host.name


def shape(ask: Ask) -> tuple[frozenset[tuple[str, int]], frozenset[str]]:
    """Give what makes two servers see the hosts alike."""
    return frozenset(ask.amounts.items()), ask.features
