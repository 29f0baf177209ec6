"""Which hosts have the devices that a demand asks for, near enough to its cells, for many hosts at once."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from controller.scheduler import planes
from controller.scheduler.columns import Slots
from controller.scheduler.planes import UNKNOWN, Ints, Planes
from controller.scheduler.terms import Demand, Near

Wants = dict[frozenset[Near], int]
"""How many devices are asked for by demands of these kinds together, for each choice of kinds."""


class DeviceRule:
    """What a demand asks of devices. It can be had if for each choice among its demands there are as many devices that
    one of them may have as all of them want (Hall's condition)."""

    def __init__(self, demand: Demand, seen: Planes, ways: NDArray[np.intp]) -> None:
        """``ways``: the choices of cells that are looked at, ``[way, cell of the guest]``."""
        self._planes, self._ways = seen, ways
        anywhere = not demand.cells
        counts: dict[str, Counter[Near]] = {}
        for device in demand.devices:
            near = Near.PREFERRED if anywhere else device.near
            counts.setdefault(device.device_class, Counter())[near] += device.count
        self._wants = {name: dict(_together(count)) for name, count in counts.items()}

    def fitting(self, slots: Slots) -> NDArray[np.bool_] | None:
        """Say for each host and way whether the devices can be had; None: none are asked for."""
        found: NDArray[np.bool_] | None = None
        for name, wants in self._wants.items():
            plane = self._planes.take(planes.devices(name), slots)
            for nears, count in wants.items():
                enough = self._eligible(plane, nears, slots) >= count
                found = enough if found is None else found & enough
        return found

    def _eligible(self, plane: Ints, nears: frozenset[Near], slots: Slots) -> Ints:
        """Count the devices that one of these demands may have, ``[host, way]``."""
        if Near.PREFERRED in nears:
            total: Ints = plane.sum(axis=1, keepdims=True)
            return total
        near = self._on_sockets(plane, slots) if Near.SOCKET in nears else self._in_cells(plane)
        return near + plane[:, [UNKNOWN]] if Near.LEGACY in nears else near

    def _in_cells(self, plane: Ints) -> Ints:
        near = plane[:, self._ways[:, 0]]
        for number in range(1, self._ways.shape[1]):
            near = near + plane[:, self._ways[:, number]]
        return near

    def _on_sockets(self, plane: Ints, slots: Slots) -> Ints:
        sockets = self._planes.take(planes.SOCKET, slots)[:, : self._planes.cells]
        beside = np.zeros((slots.size, self._planes.cells, len(self._ways)), dtype=np.bool_)
        for number in range(self._ways.shape[1]):
            beside |= sockets[:, :, np.newaxis] == sockets[:, self._ways[:, number]][:, np.newaxis, :]
        counted: Ints = np.einsum("hc,hcw->hw", plane[:, :UNKNOWN], beside)
        return counted


def _together(count: Counter[Near]) -> Iterator[tuple[frozenset[Near], int]]:
    for size in range(1, len(count) + 1):
        for nears in combinations(count, size):
            yield frozenset(nears), sum(count[near] for near in nears)
