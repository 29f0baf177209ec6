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

    def more(self, pairs: Floats) -> Floats:
        """Give how much more is unusable, summed over all sizes: ``[resource, host]``.

        :param pairs: what is free now and what would be left, ``[2, resource, host]``; resources are CPUs and memory.
        """
        servers = pairs[:, :, np.newaxis] / self._sizes
        filled: Floats = np.minimum(servers[:, 0], servers[:, 1])
        np.floor(filled, out=filled)
        unusable: Floats = self._rows @ (filled[0] - filled[1])
        unusable += self._count * (pairs[1] - pairs[0])
        return unusable
