"""What hosts have as a whole: a column each, in numbers that are exact (whole ones below 2^53 in float64)."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from common import resources
from controller.scheduler.terms import HostView, Stock

Floats = NDArray[np.float64]
Slots = NDArray[np.intp]
"""Numbers of hosts in the mirror: their places in order of id."""

PLAIN = (resources.VCPU, resources.PCPU, resources.MEMORY_MB, resources.DISK_GB)
"""Resource classes in the order of the first rows: what is free of each."""

FREE = slice(0, 4)
CAPACITY = slice(4, 8)
"""At least 1, so that a share can be made of it."""
FACTS = slice(8, 11)
SERVERS, BUSY, IDLE = 8, 9, 10
"""Servers there, those of them being built, devices that nobody has."""
RATIO, OVERHEAD = 11, 12
"""The ratio of memory, and the overhead of a guest."""
FURTHER = 13
"""From here on: what is free of other resource classes, a row each."""

_NOTHING = Stock(0)


class Columns:
    """A row per kind of number, a column per host: ``table[row, slot]``."""

    def __init__(self) -> None:
        self.table: Floats = np.zeros((FURTHER, 0))
        self._further: list[str] = []

    def row_of(self, resource: str) -> int | None:
        """Give the row of what is free of a resource class; None: no host has it."""
        if resource in PLAIN:
            return PLAIN.index(resource)
        return FURTHER + self._further.index(resource) if resource in self._further else None

    def rearrange(self, order: Slots) -> None:
        """Put the columns in this order; one that is not named is gone, -1 (the last before) may be written anew."""
        self.table = self.table[:, order] if self.table.shape[1] else np.zeros((len(self.table), order.size))

    def widen(self, host: HostView) -> bool:
        """Make rows for what this host has and no other had; says whether that was needed."""
        new = [name for name in host.stocks if name not in PLAIN and name not in self._further]
        self._further += new
        self.table = np.vstack([self.table, np.zeros((len(new), self.table.shape[1]))]) if new else self.table
        return bool(new)

    def write(self, slot: int, host: HostView) -> None:
        """Write a host's column."""
        plain = [host.stocks.get(name, _NOTHING) for name in PLAIN]
        free = [stock.capacity - stock.used for stock in plain]
        capacity = [max(1, stock.capacity) for stock in plain]
        idle = sum(device.server is None for device in host.devices)
        facts = [host.servers, host.busy, idle, host.memory_ratio, host.overhead_mib]
        more = [host.stocks.get(name, _NOTHING) for name in self._further]
        self.table[:, slot] = [*free, *capacity, *facts, *(stock.capacity - stock.used for stock in more)]

    def take(self, slot: int, amounts: Iterable[tuple[str, int]], devices: int, servers: int = 1) -> None:
        """Take amounts and so many devices for one more server, which is being built; with -1 give them back."""
        for name, amount in amounts:
            row = self.row_of(name)
            if row is not None:
                self.table[row, slot] -= servers * amount
        self.table[SERVERS, slot] += servers
        self.table[BUSY, slot] += servers
        self.table[IDLE, slot] -= servers * devices
