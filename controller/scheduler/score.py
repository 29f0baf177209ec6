"""How good a host is for a server: the lowest score wins. Pure functions of what the host is left with.

Each term is a whole number of grains, so scores are the same in whatever order they are summed; the form for one host
and the form for columns of hosts agree exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.scheduler import claims, unusable
from controller.scheduler.columns import BOTH, MORE, PLAIN, SHARES, WEIGHED
from controller.scheduler.terms import Demand, HostView, Stock
from controller.scheduler.unusable import COMMON, Size, Unusable

Floats = NDArray[np.float64]
Scores = NDArray[np.float32]

_GRAINS = 2.0**14


class Weights(NamedTuple):
    """What counts for how much. Shares of a host's capacity are numbers from 0 to 1."""

    empty: float = 8.0
    """To put the first server on a host."""
    fragmentation: float = 1.0
    """A share of the host that becomes unusable."""
    cpu: float = 0.05
    """The share of its CPUs that stays free; under spread, the share that does not. So are the next two."""
    memory: float = 0.5
    disk: float = 0.05
    devices: float = 2.0
    """To be a host of free devices, for a server that wants none."""
    servers: float = 0.0
    """A server that is there."""
    busy: float = 0.0
    """A server that is being built there."""


USUAL = Weights()


@dataclass(frozen=True)
class Policy:
    """How hosts are filled. Pack: used hosts first, so that little becomes unusable, and the fullest first. Spread:
    the emptiest first. ``sizes``: what is likely to be asked for."""

    spread: bool = False
    weights: Weights = USUAL
    sizes: tuple[Size, ...] = COMMON

    def score(self, demand: Demand, seen: Floats) -> Scores:
        """Give a score for each host.

        :param seen: rows as in ``columns``, but under ``ROOM`` what is left with the guest there; ``MORE`` is written.
        """
        if self.weights.fragmentation and not self.spreads(demand):
            seen[MORE] = self._unusable.more(seen[BOTH].reshape(2, len(PLAIN), -1)[:, ::2])
        weighed = seen[WEIGHED] / seen[SHARES] * self._factors(demand)
        total = np.add.reduce(np.rint(weighed, out=weighed))
        return np.multiply(total, 1 / _GRAINS, out=np.empty(len(total), np.float32), casting="same_kind")

    def of(self, demand: Demand, host: HostView) -> float:
        """Give one host's score: the sum of its terms, as exact as ``score`` gives it."""
        return float(np.float32(sum(self.terms(demand, host).values())))

    def terms(self, demand: Demand, host: HostView) -> dict[str, float]:
        """Give what makes one host's score, by the name of the weight; what is nothing is left out."""
        stocks = [host.stocks.get(name, Stock(0)) for name in PLAIN]
        free = [stock.capacity - stock.used for stock in stocks]
        left = [there - gone for there, gone in zip(free, _claimed(demand, host), strict=True)]
        capacity = [max(1, stock.capacity) for stock in stocks]
        facts = host.servers, host.busy, sum(device.server is None for device in host.devices)
        terms = self._terms(demand, free, left, capacity, facts)
        return {name: grains / _GRAINS for name, grains in terms if grains}

    def spreads(self, demand: Demand) -> bool:
        """Say whether hosts are filled evenly for this demand."""
        return self.spread if demand.spread is None else demand.spread

    def _terms(
        self,
        demand: Demand,
        free: Sequence[float],
        left: Sequence[float],
        capacity: Sequence[float],
        facts: Sequence[float],
    ) -> Iterator[tuple[str, float]]:
        """Give the grains of one host's terms."""
        spread, grains, (servers, busy, idle) = self.spreads(demand), self._grains, facts
        levels = [round(a / b * weight) for a, b, weight in zip(left, capacity, self._levels, strict=True)]
        sign = -1 if spread else 1
        yield "cpu", sign * (levels[0] + levels[1])
        yield "memory", sign * levels[2]
        yield "disk", sign * levels[3]
        if not spread:
            vcpus, memory = unusable.more((free[0], free[2]), (left[0], left[2]), self.sizes)
            fragment = self._fragment
            yield "fragmentation", round(vcpus / capacity[0] * fragment) + round(memory / capacity[2] * fragment)
            yield "empty", 0 if servers else grains.empty
        yield "devices", grains.devices if idle and not demand.devices else 0
        yield "servers", grains.servers * servers
        yield "busy", grains.busy * busy

    @cached_property
    def _grains(self) -> Weights:
        return Weights(*(round(weight * _GRAINS) for weight in self.weights))

    @cached_property
    def _levels(self) -> tuple[float, ...]:
        weights = self.weights
        return tuple(weight * _GRAINS for weight in (weights.cpu, weights.cpu, weights.memory, weights.disk))

    def _factors(self, demand: Demand) -> Floats:
        """Give what each row of ``WEIGHED`` counts."""
        return self._all_factors[self.spreads(demand), bool(demand.devices)]

    @cached_property
    def _all_factors(self) -> dict[tuple[bool, bool], Floats]:
        """Give them by whether hosts are filled evenly, and whether devices are asked for."""
        grains, levels, fragments = self._grains, self._levels, [self._fragment] * 2
        found = {}
        for spread, devices in product((False, True), repeat=2):
            packed = [0.0] * 3 if spread else [*fragments, grains.empty]
            first = [-level for level in levels] if spread else levels
            rows = [*first, *packed, 0 if devices else grains.devices, grains.servers, grains.busy]
            found[spread, devices] = np.array(rows, dtype=np.float64)[:, np.newaxis]
        return found

    @cached_property
    def _fragment(self) -> float:
        return self.weights.fragmentation * _GRAINS / len(self.sizes)

    @cached_property
    def _unusable(self) -> Unusable:
        return Unusable(self.sizes)


def _claimed(demand: Demand, host: HostView) -> tuple[int, int, int, int]:
    """Give the plain amounts that a guest takes of a host; CPUs kept empty beside its own are not known yet."""
    memory = claims.memory(demand, host.memory_ratio) + host.overhead_mib
    return demand.shared, demand.dedicated, memory, demand.disk_gib
