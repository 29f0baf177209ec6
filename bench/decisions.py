"""Decisions in memory: how long one takes while servers come and go, beside a loop over objects.

A decision is choosing a host and claiming it. Loop and fleet take turns, so that whatever else the machine does slows
both; the figure of each is its median.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from bench import hosts
from bench.object_loop import Cell, Host, Loop
from controller.scheduler.fleet import Fleet
from controller.scheduler.score import Policy, Weights
from controller.scheduler.terms import Ask, Demand, HostView, Place

LIVE = 300
"""Servers that are there when measuring begins: then one leaves for each that comes."""
TURNS, IN_TURN = 8, 300
"""Decisions of a fleet: turns, and how many in each."""
LOOPED = 10
"""Decisions of the loop in each turn."""
GROUPS = 50

Spot = TypeVar("Spot")


class Kind(NamedTuple):
    """A kind of fleet with its servers."""

    name: str
    hosts: Callable[[int], Iterator[HostView]]
    demands: Callable[[], list[Demand]]
    groups: int = 0


KINDS = (
    Kind("simple", hosts.simple, hosts.simple_demands),
    Kind("heavy", hosts.heavy, hosts.heavy_demands, GROUPS),
)


class Churn(Generic[Spot]):
    """Servers that come and go; what their coming takes is noted, in microseconds."""

    def __init__(self, asks: Iterator[Ask], claim: Callable[[Ask], Spot | None], free: Callable[[Ask, Spot], None]):
        self._asks, self._claim, self._free = asks, claim, free
        self._live: list[tuple[Ask, Spot]] = []
        self._chance = random.Random(3)
        self.took: list[float] = []
        self.refused = 0

    def fill(self) -> None:
        """Let the first servers come."""
        while len(self._live) < LIVE:
            self._come()
        self.took = []

    def turn(self, times: int) -> None:
        """Let so many come, and as many go."""
        for _ in range(times):
            self._free(*self._live.pop(self._chance.randrange(len(self._live))))
            self._come()

    @property
    def median(self) -> float:
        """Give what one took, in microseconds."""
        return statistics.median(self.took)

    def _come(self) -> None:
        ask = next(self._asks)
        begun = time.perf_counter_ns()
        spot = self._claim(ask)
        self.took.append((time.perf_counter_ns() - begun) / 1000)
        if spot is None:
            self.refused += 1
        else:
            self._live.append((ask, spot))


PACK = Policy()
BEST_FIT = Policy(weights=Weights(fragmentation=0.0))
"""Used hosts first, then the fullest: the score of the loop."""


def fleet(kind: Kind, count: int, policy: Policy) -> Churn[Place]:
    """Make a fleet of so many hosts."""
    made = Fleet(policy)
    made.load(kind.hosts(count))

    def claim(ask: Ask) -> Place | None:
        place = made.decide(ask)
        if place is not None:
            made.commit(ask, place)
        return place

    return Churn(hosts.asks(kind.demands(), kind.groups), claim, made.release)


def loop(kind: Kind, count: int) -> Churn[tuple[Host, Cell | None]]:
    """Make a loop over as many."""
    made = Loop(kind.hosts(count))

    def free(ask: Ask, spot: tuple[Host, Cell | None]) -> None:
        spot[0].change(ask, spot[1], -1)

    return Churn(hosts.asks(kind.demands(), kind.groups), made.decide, free)


class Figures(NamedTuple):
    """What a decision takes, in microseconds: of the fleet, of the loop."""

    fleet: float
    loop: float

    @property
    def ratio(self) -> float:
        """Say how many times faster the fleet is."""
        return self.loop / self.fleet


def beside(kind: Kind, count: int, policy: Policy) -> Figures:
    """Measure both in turns."""
    mine, theirs = fleet(kind, count, policy), loop(kind, count)
    mine.fill()
    theirs.fill()
    for _ in range(TURNS):
        mine.turn(IN_TURN)
        theirs.turn(LOOPED)
    return Figures(mine.median, theirs.median)


def alone(kind: Kind, count: int) -> float:
    """Give what a decision of a fleet takes, in microseconds."""
    mine = fleet(kind, count, PACK)
    mine.fill()
    mine.turn(TURNS * IN_TURN)
    return mine.median
