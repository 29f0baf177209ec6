"""Which hosts can take a guest's cells and devices together, for many hosts at once."""

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from controller.scheduler import claims, planes
from controller.scheduler.columns import Slots
from controller.scheduler.devices import DeviceRule
from controller.scheduler.planes import Planes
from controller.scheduler.profiles import Ranks, rank
from controller.scheduler.terms import CellDemand, Demand, Fall

Truth = NDArray[np.bool_]
"""``[host, way]``: whether it can be done on that host in that way."""

_CELLS = np.uint8(rank(Fall.CELLS))
_DEVICES = np.uint8(rank(Fall.DEVICES))


class CellRule:
    """What a demand asks of hosts' cells. Every way to put its cells on different cells of a host is looked at."""

    def __init__(self, demand: Demand, seen: Planes) -> None:
        self._planes = seen
        self._kinds = list(dict.fromkeys(demand.cells))
        self._cells = demand.cells
        ways = list(_ways(demand.cells, seen.cells))
        self._ways = np.array(ways, dtype=np.intp).reshape(len(ways), len(demand.cells))
        self._memory = planes.pages(demand.page_kib) if demand.page_kib else planes.MEMORY
        self._cpus = planes.cpus(demand.threads)
        self._page_kib = demand.page_kib
        self._devices = DeviceRule(demand, seen, self._ways)

    def ranks(self, slots: Slots) -> Ranks:
        """Judge these hosts."""
        ways = self._fitting(slots)
        near = self._devices.fitting(slots)
        ranks = np.where(ways.any(axis=1), np.uint8(0), _CELLS)
        return ranks if near is None else np.maximum(ranks, np.where((ways & near).any(axis=1), np.uint8(0), _DEVICES))

    def _fitting(self, slots: Slots) -> Truth:
        if not self._cells:
            return np.ones((slots.size, 1), dtype=np.bool_)
        memory, cpus = self._planes.take(self._memory, slots), self._planes.take(self._cpus, slots)
        fits = {kind: (memory >= self._room(kind)) & (cpus >= kind.dedicated) for kind in self._kinds}
        ways = fits[self._cells[0]][:, self._ways[:, 0]]
        for number, kind in enumerate(self._cells[1:], 1):
            ways = ways & fits[kind][:, self._ways[:, number]]
        return ways

    def _room(self, kind: CellDemand) -> int:
        return claims.pages(kind.memory_mib, self._page_kib) if self._page_kib else kind.memory_mib


def _ways(wanted: Sequence[CellDemand], cells: int) -> Iterator[tuple[int, ...]]:
    """Give each choice of different cells, a number for each that is wanted; like ones do not change places."""
    before = [next((n for n in range(i - 1, -1, -1) if wanted[n] == wanted[i]), None) for i in range(len(wanted))]
    for way in permutations(range(cells), len(wanted)):
        if all(n is None or way[n] < way[i] for i, n in enumerate(before)):
            yield way
