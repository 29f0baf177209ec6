"""What hosts have in each of their cells: CPUs by thread policy, memory, pages, devices, the socket that it is on."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from controller.scheduler import threads
from controller.scheduler.columns import Slots
from controller.scheduler.terms import CellStock, HostView, Place

Ints = NDArray[np.int64]

MEMORY, SOCKET, CPUS = 0, 1, 2
"""The first planes. From ``CPUS`` on there are three: CPUs that one guest could have, by thread policy."""
UNKNOWN, ELSEWHERE = -2, -1
"""Behind the cells: devices of no known cell, devices of a cell that the host does not tell of."""

_NOTHING = 5
_FIRST = 6
_NO_CELL = (0, -1, -1, -1, -1, 0)
"""The first planes where a host has no such cell: no guest's cell fits there, and it is on no socket."""


class Planes:
    """A table ``[slot, plane, cell]``. Cells are numbered in a host's own order; behind them are two more columns.

    Behind the first planes there is one for each size of pages, and one for each class of devices: what is free.
    """

    def __init__(self) -> None:
        self.cells = 0
        self._more: dict[int | str, int] = {}
        self._table: Ints = np.zeros((0, _FIRST, 2), dtype=np.int64)

    def number(self, of: int | str) -> int:
        """Give the plane of a size of pages, in KiB, or a class of devices; where no host has any, one of zeros."""
        return self._more.get(of, _NOTHING)

    def take(self, slots: Slots) -> Ints:
        """Give these hosts' parts of the table."""
        return self._table.take(slots, axis=0)

    def rearrange(self, order: Slots) -> None:
        """Put the hosts in this order; one that is not named is gone, -1 (the last before) is to be written."""
        blank = np.zeros((order.size, *self._table.shape[1:]), dtype=np.int64)
        self._table = self._table[order] if len(self._table) else blank

    def widen(self, host: HostView) -> bool:
        """Make room for what this host has and no other had; says whether that was needed."""
        had = {size for cell in host.cells for size in cell.pages} | {device.device_class for device in host.devices}
        new = sorted(had - self._more.keys(), key=str)
        more = max(0, len(host.cells) - self.cells)
        if not new and not more:
            return False
        self._more |= {of: number for number, of in enumerate(new, self._table.shape[1])}
        old, self._table = self._table, self._blank(len(self._table), self.cells + more)
        planes = old.shape[1]
        self._table[:, :planes, : self.cells] = old[:, :, : self.cells]
        self._table[:, :planes, UNKNOWN:] = old[:, :, UNKNOWN:]
        self.cells += more
        return True

    def write(self, slot: int, host: HostView) -> None:
        """Write a host's part."""
        self._table[slot] = self._blank(1, self.cells)[0]
        self._write(slot, host, range(len(host.cells)))
        known = {cell.id for cell in host.cells}
        for device in host.devices:
            if device.server is None and device.cell not in known:
                self._table[slot, self._more[device.device_class], UNKNOWN if device.cell is None else ELSEWHERE] += 1

    def rewrite(self, slot: int, host: HostView, place: Place) -> None:
        """Write anew what a server took of a host, or gave back."""
        mine = frozenset(place.devices)
        touched = {cell.cell for cell in place.cells} | {d.cell for d in host.devices if d.address in mine}
        numbers = [number for number, cell in enumerate(host.cells) if cell.id in touched]
        if len(numbers) < len(touched):
            self.write(slot, host)
        else:
            self._write(slot, host, numbers)

    def _write(self, slot: int, host: HostView, numbers: Iterable[int]) -> None:
        idle = [device for device in host.devices if device.server is None]
        for number in numbers:
            cell = host.cells[number]
            here = [device.device_class for device in idle if device.cell == cell.id]
            self._table[slot, :, number] = self._column(cell, here)

    def _column(self, cell: CellStock, devices: Sequence[str]) -> list[int]:
        """Give a cell's number in every plane."""
        column = [cell.memory_mib - cell.memory_used, cell.socket, *threads.free(cell), 0, *[0] * len(self._more)]
        for size, count in cell.pages.items():
            column[self._more[size]] = count - cell.pages_used.get(size, 0)
        for name in devices:
            column[self._more[name]] += 1
        return column

    def _blank(self, hosts: int, cells: int) -> Ints:
        table: Ints = np.zeros((hosts, _FIRST + len(self._more), cells + 2), dtype=np.int64)
        table[:, :_FIRST] = np.array(_NO_CELL)[:, np.newaxis]
        return table
