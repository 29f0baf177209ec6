"""How good a host is for a server: the lowest score wins. Pure functions of what the host is left with."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.scheduler.terms import Demand

Floats = NDArray[np.float64]


class Sight(NamedTuple):
    """Hosts as a policy sees them, one a column. Rows are VCPU, PCPU, MEMORY_MB, DISK_GB.

    ``left``: what is free with the guest there; negative where it does not fit. ``capacity``: at least 1.
    ``servers``, ``busy``: servers there and servers being built there, without this one.
    """

    left: Floats
    capacity: Floats
    servers: Floats
    busy: Floats


class Policy(NamedTuple):
    """How hosts are filled. ``spread``: evenly; else used hosts first, the fullest of them first."""

    spread: bool = False

    def score(self, demand: Demand, sight: Sight) -> Floats:
        """Give a score for each host."""
        left: Floats = (sight.left / sight.capacity).sum(axis=0)
        if self.spread if demand.spread is None else demand.spread:
            return np.negative(left)
        return np.where(sight.servers > 0, left, left + 8.0)
