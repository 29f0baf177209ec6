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
    """The same for many hosts at once."""

    def __init__(self, sizes: Sequence[Size]) -> None:
        self._count = len(sizes)
        self._rows: Floats = np.array(sizes, dtype=np.float64).T.copy()
        self._sizes: Floats = self._rows[:, :, np.newaxis]

    def more(self, free: Floats, left: Floats) -> Floats:
        """Give how much more is unusable with ``left`` free than with ``free``, summed over all sizes.

        :param free, left: rows of VCPU, PCPU, MEMORY_MB and more; the answer has a row of CPUs and one of memory.
        """
        free, left = free[:3:2], left[:3:2]
        unusable: Floats = self._rows @ (self._filled(free) - self._filled(left))
        unusable += self._count * (left - free)
        return unusable

    def _filled(self, free: Floats) -> Floats:
        """Count the servers of each size that a host holds until CPUs or memory run out."""
        servers = free[:, np.newaxis] / self._sizes
        filled: Floats = np.minimum(servers[0], servers[1])
        return np.floor(filled, out=filled)
