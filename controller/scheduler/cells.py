"""Which hosts can take a guest's cells and devices together, for many hosts at once."""

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from controller.scheduler import claims, planes
from controller.scheduler.columns import Slots
from controller.scheduler.devices import DeviceRule, Truth
from controller.scheduler.planes import Ints, Planes
from controller.scheduler.profiles import Ranks, rank
from controller.scheduler.terms import CellDemand, Demand, Fall, Threads

_RANKS: Ranks = np.array([rank(Fall.CELLS), rank(Fall.DEVICES), 0], dtype=np.uint8)
"""By what there is: nothing, cells, devices near to them too."""
_ORDER = {policy: planes.CPUS + number for number, policy in enumerate(Threads)}


class CellRule:
    """What a demand asks of hosts' cells. Every way to put its cells on different cells of a host is looked at."""

    def __init__(self, demand: Demand, seen: Planes) -> None:
        self._planes = seen
        self._cells = demand.cells
        ways = list(_ways(demand.cells, seen.cells))
        self._ways = np.array(ways, dtype=np.intp).reshape(len(ways), len(demand.cells))
        self._memory = seen.number(demand.page_kib) if demand.page_kib else planes.MEMORY
        self._cpus = _ORDER[demand.threads]
        self._page_kib = demand.page_kib
        self._devices = DeviceRule(demand, seen, self._ways)

    def ranks(self, slots: Slots) -> Ranks:
        """Judge these hosts."""
        seen = self._planes.take(slots).transpose(1, 2, 0)
        ways = self._fitting(seen)
        near = self._devices.fitting(seen, ways)
        steps: Slots = np.add(np.logical_or.reduce(ways), np.logical_or.reduce(near), dtype=np.intp)
        return _RANKS.take(steps)

    def _fitting(self, seen: Ints) -> Truth:
        """Say which ways have CPUs and memory; ``seen`` is ``[plane, cell, host]``."""
        if not self._cells:
            return np.ones((1, seen.shape[2]), dtype=np.bool_)
        memory, cpus = seen[self._memory], seen[self._cpus]
        fits = {kind: (memory >= self._room(kind)) & (cpus >= kind.dedicated) for kind in dict.fromkeys(self._cells)}
        first, *others = self._cells
        if not others:
            alone: Truth = fits[first][: planes.UNKNOWN]
            return alone
        ways: Truth = fits[first].take(self._ways[:, 0], axis=0)
        for number, kind in enumerate(others, 1):
            ways = ways & fits[kind].take(self._ways[:, number], axis=0)
        return ways

    def _room(self, kind: CellDemand) -> int:
        return claims.pages(kind.memory_mib, self._page_kib) if self._page_kib else kind.memory_mib


def _ways(wanted: Sequence[CellDemand], cells: int) -> Iterator[tuple[int, ...]]:
    """Give each choice of different cells, a number for each that is wanted; like ones do not change places."""
    before = [next((n for n in range(i - 1, -1, -1) if wanted[n] == wanted[i]), None) for i in range(len(wanted))]
    for way in permutations(range(cells), len(wanted)):
        if all(n is None or way[n] < way[i] for i, n in enumerate(before)):
            yield way
