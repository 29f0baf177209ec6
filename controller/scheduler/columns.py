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
ROOM = slice(4, 8)
"""What one guest could have of that: of memory, less what QEMU takes beside it."""
BOTH = slice(0, 8)
MORE = slice(8, 10)
"""Nothing: whoever weighs hosts writes here how much more CPU and memory becomes unusable."""
EMPTY, IDLE, SERVERS, BUSY = 10, 11, 12, 13
"""Whether (1) no server is there, whether any device is nobody's; servers there, and those of them being built."""
WEIGHED = slice(4, 14)
SHARES = slice(14, 24)
"""What each row of ``WEIGHED`` is to be divided by: a capacity, at least 1."""
RATIO, DEVICES = 24, 25
"""The ratio of memory, and how many devices are nobody's."""
FURTHER = 26
"""From here on: what is free of other resource classes, a row each."""

_NOTHING = Stock(0)


class Columns:
    """A row per kind of number, a column per host; in memory the numbers of one host lie together."""

    def __init__(self) -> None:
        self._hosts: Floats = np.zeros((0, FURTHER))
        self._rows: dict[str, tuple[int, ...]] = {
            name: (number, ROOM.start + number) for number, name in enumerate(PLAIN)
        }

    def row_of(self, resource: str) -> int | None:
        """Give the row of what is free of a resource class; None: no host has it."""
        return self._rows[resource][0] if resource in self._rows else None

    @property
    def table(self) -> Floats:
        """Give the numbers of all hosts, ``[row, slot]``."""
        return self._hosts.T

    def seen(self, slots: Slots) -> Floats:
        """Give the numbers of these hosts, ``[row, host]``; whoever asked may write into it."""
        return np.ascontiguousarray(self._hosts.take(slots, axis=0).T)

    def rearrange(self, order: Slots) -> None:
        """Put the columns in this order; one that is not named is gone, -1 (the last before) may be written anew."""
        self._hosts = self._hosts[order] if len(self._hosts) else np.zeros((order.size, self._hosts.shape[1]))

    def widen(self, host: HostView) -> bool:
        """Make rows for what this host has and no other had; says whether that was needed."""
        new = [name for name in host.stocks if name not in self._rows]
        self._rows |= {name: (number,) for number, name in enumerate(new, self._hosts.shape[1])}
        if new:
            self._hosts = np.hstack([self._hosts, np.zeros((len(self._hosts), len(new)))])
        return bool(new)

    def write(self, slot: int, host: HostView) -> None:
        """Write a host's column."""
        plain = [host.stocks.get(name, _NOTHING) for name in PLAIN]
        cpus, dedicated, memory, disk = (stock.capacity - stock.used for stock in plain)
        capacity = [max(1, stock.capacity) for stock in plain]
        idle = sum(device.server is None for device in host.devices)
        more = [host.stocks.get(name, _NOTHING) for name in list(self._rows)[len(PLAIN) :]]
        self._hosts[slot] = [
            *(cpus, dedicated, memory, disk),
            *(cpus, dedicated, memory - host.overhead_mib, disk),
            *(0, 0),
            *(not host.servers, idle > 0, host.servers, host.busy),
            *(*capacity, capacity[0], capacity[2], 1, 1, 1, 1),
            *(host.memory_ratio, idle),
            *(stock.capacity - stock.used for stock in more),
        ]

    def take(self, slot: int, amounts: Iterable[tuple[str, int]], devices: int, servers: int = 1) -> None:
        """Take amounts and so many devices for one more server, which is being built; with -1 give them back."""
        column = self._hosts[slot]
        for name, amount in amounts:
            for row in self._rows.get(name, ()):
                column[row] -= servers * amount
        column[SERVERS] += servers
        column[BUSY] += servers
        column[DEVICES] -= servers * devices
        column[EMPTY] = column[SERVERS] == 0
        column[IDLE] = column[DEVICES] > 0
