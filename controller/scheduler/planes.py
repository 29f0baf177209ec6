"""What hosts have in each of their cells: CPUs by thread policy, memory, pages, devices, the socket that it is on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controller.scheduler import threads
from controller.scheduler.columns import Slots
from controller.scheduler.terms import HostView, Threads

Ints = NDArray[np.int64]

MEMORY = "memory"
SOCKET = "socket"
UNKNOWN, ELSEWHERE = -2, -1
"""Behind the cells: devices of no known cell, devices of a cell that the host does not tell of."""


def cpus(policy: Threads) -> str:
    """Name the plane of CPUs that one guest could have by a thread policy."""
    return f"cpus {policy}"


def pages(page_kib: int) -> str:
    """Name the plane of free pages of a size."""
    return f"pages {page_kib}"


def devices(device_class: str) -> str:
    """Name the plane of free devices of a class."""
    return f"devices {device_class}"


_NOTHING = "nothing"
_FIRST = (_NOTHING, MEMORY, SOCKET, *map(cpus, Threads))
_ABSENT = {SOCKET: -1} | {cpus(policy): -1 for policy in Threads}
"""What a plane shows where a host has no such cell, if that is not 0: no guest's cell fits there, it has no socket."""


class Planes:
    """A table ``[slot, plane, cell]``. Cells are numbered in a host's own order; behind them are two more columns."""

    def __init__(self) -> None:
        self.cells = 0
        self._numbers = {name: number for number, name in enumerate(_FIRST)}
        self._table: Ints = np.zeros((0, len(_FIRST), 2), dtype=np.int64)

    def number(self, name: str) -> int:
        """Give the number of a plane; of one that no host has, that of the plane where nobody has anything."""
        return self._numbers.get(name, self._numbers[_NOTHING])

    def take(self, slots: Slots) -> Ints:
        """Give these hosts' parts of the table."""
        return self._table.take(slots, axis=0)

    def rearrange(self, order: Slots) -> None:
        """Put the hosts in this order; one that is not named is gone, -1 (the last before) is to be written."""
        blank = np.zeros((order.size, *self._table.shape[1:]), dtype=np.int64)
        self._table = self._table[order] if len(self._table) else blank

    def widen(self, host: HostView) -> bool:
        """Make room for what this host has and no other had; says whether that was needed."""
        names = {pages(size) for cell in host.cells for size in cell.pages}
        names |= {devices(device.device_class) for device in host.devices}
        new = sorted(names - self._numbers.keys())
        more = max(0, len(host.cells) - self.cells)
        if not new and not more:
            return False
        self._numbers |= {name: number for number, name in enumerate(new, len(self._numbers))}
        wider: Ints = np.zeros((len(self._table), len(self._numbers), self.cells + more + 2), dtype=np.int64)
        for name, number in self._numbers.items():
            wider[:, number] = _ABSENT.get(name, 0)
        planes = self._table.shape[1]
        wider[:, :planes, : self.cells] = self._table[:, :, : self.cells]
        wider[:, :planes, UNKNOWN:] = self._table[:, :, UNKNOWN:]
        self._table = wider
        self.cells += more
        return True

    def write(self, slot: int, host: HostView) -> None:
        """Write a host's part."""
        told = dict(self._told(host))
        width = self.cells + 2
        self._table[slot] = [told.get(name) or [_ABSENT.get(name, 0)] * width for name in self._numbers]

    def _told(self, host: HostView) -> Iterator[tuple[str, list[int]]]:
        """Tell what a host has, by plane."""
        cells = host.cells
        if cells:
            rest = [0] * (self.cells - len(cells) + 2)
            gone = [-1] * len(rest)
            yield MEMORY, [cell.memory_mib - cell.memory_used for cell in cells] + rest
            yield SOCKET, [cell.socket for cell in cells] + gone
            for name, counts in zip(_FIRST[3:], zip(*map(threads.free, cells), strict=True), strict=True):
                yield name, [*counts, *gone]
            for size in {size for cell in cells for size in cell.pages}:
                left = [cell.pages.get(size, 0) - cell.pages_used.get(size, 0) for cell in cells]
                yield pages(size), left + rest
        if host.devices:
            yield from self._devices(host).items()

    def _devices(self, host: HostView) -> dict[str, list[int]]:
        index: dict[Any, int] = {cell.id: number for number, cell in enumerate(host.cells)} | {None: UNKNOWN}
        found: dict[str, list[int]] = {}
        for device in host.devices:
            if device.server is None:
                row = found.setdefault(device.device_class, [0] * (self.cells + 2))
                row[index.get(device.cell, ELSEWHERE)] += 1
        return {devices(name): row for name, row in found.items()}
