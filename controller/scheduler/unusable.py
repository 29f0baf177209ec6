"""Fragmentation: how much of what a host has free is of no use, because no further server can fill it.

A host is filled with servers of one size until CPUs or memory run out; what is left of the other is unusable. The sizes
stand for what will be asked for, each as likely as the others. Each thing is said twice, for one host and for columns
of hosts, in arithmetic on whole numbers, so that both agree to the last bit.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Amounts = tuple[float, float]
"""CPUs, and memory in MiB."""


_AT_ONCE = 512
"""Hosts looked at in one go: what is made on the way stays in the CPU's cache."""


class Size(NamedTuple):
    """A server's VCPU and MEMORY_MB."""

    vcpus: int
    memory_mib: int


COMMON = (Size(1, 2048), Size(2, 4096), Size(4, 8192), Size(8, 16384), Size(8, 65536))
"""Two GiB for a CPU in each size, and one that is mostly memory."""


def more(free: Amounts, left: Amounts, sizes: Sequence[Size]) -> tuple[float, float]:
    """Give how much more is unusable with ``left`` free than with ``free``, summed over all sizes."""
    vcpus, memory = len(sizes) * (left[0] - free[0]), len(sizes) * (left[1] - free[1])
    for size in sizes:
        grown = _filled(free, size) - _filled(left, size)
        vcpus += grown * size[0]
        memory += grown * size[1]
    return vcpus, memory


def _filled(free: Amounts, size: Size) -> int:
    by_cpu, by_memory = free[0] / size[0], free[1] / size[1]
    return math.floor(by_cpu if by_cpu < by_memory else by_memory)


class Unusable:
    """The same for many hosts at once: tables have a row for CPUs, one for memory, and a column per host."""

    def __init__(self, sizes: Sequence[Size]) -> None:
        self._count = len(sizes)
        self._sizes: Floats = np.array(sizes, dtype=np.float64).T[:, :, np.newaxis]

    def more(self, free: Floats, left: Floats) -> Floats:
        """Give how much more is unusable with ``left`` free than with ``free``, summed over all sizes."""
        unusable: Floats = self._count * (left - free)
        for first in range(0, free.shape[1], _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            grown = self._filled(free[:, part]) - self._filled(left[:, part])
            unusable[:, part] += np.add.reduce(grown * self._sizes, axis=1)
        return unusable

    def _filled(self, free: Floats) -> Floats:
        servers = free[:, np.newaxis] / self._sizes
        filled: Floats = np.floor(np.minimum(servers[0], servers[1]))
        return filled
