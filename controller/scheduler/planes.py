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


_ABSENT = {SOCKET: -1} | {cpus(policy): -1 for policy in Threads}
"""What a plane shows where a host has no such cell, if that is not 0: no guest's cell fits there, it has no socket."""


class Planes:
    """By name a table ``[slot, cell]``; cells are numbered in a host's own order, two more columns follow them."""

    def __init__(self) -> None:
        self.cells = 0
        self._hosts = 0
        self._planes: dict[str, Ints] = {}

    def take(self, name: str, slots: Slots) -> Ints:
        """Give these hosts' rows of a plane; zeros where no host has any of it."""
        plane = self._planes.get(name)
        if plane is None:
            return np.zeros((slots.size, self.cells + 2), dtype=np.int64)
        return plane.take(slots, axis=0)

    def rearrange(self, order: Slots) -> None:
        """Put the hosts in this order; one that is not named is gone, -1 (the last before) may be written anew."""
        for name, plane in self._planes.items():
            self._planes[name] = plane[order] if self._hosts else self._blank(name, order.size)
        self._hosts = order.size

    def widen(self, host: HostView) -> bool:
        """Make room for as many cells as this host has; says whether that was needed."""
        if len(host.cells) <= self.cells:
            return False
        more = len(host.cells) - self.cells
        for name, plane in self._planes.items():
            absent = np.full((self._hosts, more), _ABSENT.get(name, 0), dtype=np.int64)
            self._planes[name] = np.hstack([plane[:, : self.cells], absent, plane[:, self.cells :]])
        self.cells += more
        return True

    def write(self, slot: int, host: HostView) -> None:
        """Write a host's row of every plane."""
        told = dict(self._told(host))
        for name in told:
            if name not in self._planes:
                self._planes[name] = self._blank(name, self._hosts)
        for name, plane in self._planes.items():
            plane[slot] = told.get(name, _ABSENT.get(name, 0))

    def _blank(self, name: str, hosts: int) -> Ints:
        return np.full((hosts, self.cells + 2), _ABSENT.get(name, 0), dtype=np.int64)

    def _told(self, host: HostView) -> Iterator[tuple[str, list[int]]]:
        """Tell what a host has, by plane."""
        cells = host.cells
        if cells:
            rest = [0] * (self.cells - len(cells) + 2)
            gone = [-1] * len(rest)
            yield MEMORY, [cell.memory_mib - cell.memory_used for cell in cells] + rest
            yield SOCKET, [cell.socket for cell in cells] + gone
            for policy, counts in zip(Threads, zip(*map(threads.free, cells), strict=True), strict=True):
                yield cpus(policy), [*counts, *gone]
            for size in {size for cell in cells for size in cell.pages}:
                left = [cell.pages.get(size, 0) - cell.pages_used.get(size, 0) for cell in cells]
                yield pages(size), left + rest
        yield from self._devices(host).items()

    def _devices(self, host: HostView) -> dict[str, list[int]]:
        index: dict[Any, int] = {cell.id: number for number, cell in enumerate(host.cells)} | {None: UNKNOWN}
        found: dict[str, list[int]] = {}
        for device in host.devices:
            if device.server is None:
                row = found.setdefault(devices(device.device_class), [0] * (self.cells + 2))
                row[index.get(device.cell, ELSEWHERE)] += 1
        return found
