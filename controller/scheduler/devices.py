"""Which hosts have the devices that a demand asks for, near enough to its cells, for many hosts at once."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from controller.scheduler import planes
from controller.scheduler.planes import UNKNOWN, Ints, Planes
from controller.scheduler.terms import Demand, Near

Truth = NDArray[np.bool_]
Wants = list[tuple[frozenset[Near], int]]
"""How many devices are asked for by demands of these kinds together, for each choice of kinds."""


class DeviceRule:
    """What a demand asks of devices. It can be had if for each choice among its demands there are as many devices that
    one of them may have as all of them want (Hall's condition)."""

    def __init__(self, demand: Demand, seen: Planes, ways: NDArray[np.intp]) -> None:
        """``ways``: the choices of cells that are looked at, ``[way, cell of the guest]``."""
        self._ways = ways
        counts: dict[str, Counter[Near]] = {}
        for device in demand.devices:
            near = device.near if demand.cells else Near.PREFERRED
            counts.setdefault(device.device_class, Counter())[near] += device.count
        self._wants: dict[int, Wants] = {seen.number(name): list(_together(count)) for name, count in counts.items()}

    def fitting(self, seen: Ints, ways: Truth) -> Truth:
        """Give those of the ways, ``[way, host]``, in which the devices can be had.

        :param seen: ``[plane, cell, host]``.
        """
        for plane, wants in self._wants.items():
            for nears, count in wants:
                ways = ways & (self._eligible(seen, plane, nears) >= count)
        return ways

    def _eligible(self, seen: Ints, plane: int, nears: frozenset[Near]) -> Ints:
        """Count the devices that one of these demands may have, ``[way, host]``."""
        there = seen[plane]
        if Near.PREFERRED in nears:
            total: Ints = there.sum(axis=0, keepdims=True)
            return total
        near = self._on_sockets(there, seen[planes.SOCKET]) if Near.SOCKET in nears else self._in_cells(there)
        return near + there[UNKNOWN] if Near.LEGACY in nears else near

    def _in_cells(self, there: Ints) -> Ints:
        cells = self._ways.shape[1]
        if cells == 1:
            return there[:UNKNOWN]
        near = there.take(self._ways[:, 0], axis=0)
        for number in range(1, cells):
            near = near + there.take(self._ways[:, number], axis=0)
        return near

    def _on_sockets(self, there: Ints, sockets: Ints) -> Ints:
        cells, on = there[:UNKNOWN], sockets[:UNKNOWN]
        beside = np.zeros((len(self._ways), *on.shape), dtype=np.bool_)
        for number in range(self._ways.shape[1]):
            beside |= on == on.take(self._ways[:, number], axis=0)[:, np.newaxis]
        near: Ints = (cells * beside).sum(axis=1)
        return near


def _together(count: Counter[Near]) -> Iterator[tuple[frozenset[Near], int]]:
    for size in range(1, len(count) + 1):
        for nears in combinations(count, size):
            yield frozenset(nears), sum(count[near] for near in nears)
