"""A recorded time decided again: as it was, or under another policy, on hosts that were as they are now."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from controller.scheduler.fleet import Fleet
from controller.scheduler.landing import landing
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, Demand, HostView, Place

POINTS = 48
"""Moments at which the fleet is looked at."""

KINDS = 4
"""Demands, the most frequent ones, whose fragmentation is measured."""


class Taken(NamedTuple):
    """A decision that was made: what was asked, where it went (None: nowhere), and when that ended (None: not yet)."""

    at: datetime
    ended_at: datetime | None
    ask: Ask
    place: Place | None


class Recording(NamedTuple):
    """A time from ``since`` to ``until``: hosts without servers, and decisions in their order. Those before ``since``
    are of servers that were still there then."""

    since: datetime
    until: datetime
    hosts: Sequence[HostView]
    decisions: Sequence[Taken]


class Point(NamedTuple):
    """The fleet at a moment: hosts that have servers, servers that found none so far, fragmentation from 0 to 1."""

    at: datetime
    used: int
    rejected: int
    fragmentation: float


class Outcome(NamedTuple):
    """What came of it."""

    name: str
    placed: int
    rejected: int
    points: tuple[Point, ...]

    @property
    def mean_used(self) -> float:
        """Give how many hosts had servers, on the mean over time."""
        return sum(point.used for point in self.points) / len(self.points)

    @property
    def most_used(self) -> int:
        """Give how many hosts had servers at most."""
        return max(point.used for point in self.points)

    @property
    def mean_fragmentation(self) -> float:
        """Give fragmentation on the mean over time."""
        return sum(point.fragmentation for point in self.points) / len(self.points)


def replay(name: str, recording: Recording, policy: Policy | None, points: int = POINTS) -> Outcome:
    """Decide everything again.

    :param policy: None: each server goes where it went.
    """
    run = _Run(recording, policy)
    whole, steps = recording.until - recording.since, max(1, points - 1)
    seen = tuple(run.look(recording.since + whole * number / steps) for number in range(points))
    return Outcome(name, run.placed, run.rejected, seen)


class _Run:
    """One way through a recording, from moment to moment."""

    def __init__(self, recording: Recording, policy: Policy | None) -> None:
        self._fleet = Fleet(policy or Policy())
        self._fleet.load(recording.hosts)
        self._since, self._decides = recording.since, policy is not None
        self._known = set(self._fleet.hosts)
        self._events = list(_events(recording.decisions))
        self._kinds = Counter(taken.ask.demand for taken in recording.decisions).most_common(KINDS)
        self._there: dict[str, tuple[Ask, Place]] = {}
        self._used: Counter[str] = Counter()
        self._next = self.placed = self.rejected = 0

    def look(self, at: datetime) -> Point:
        """Go on to a moment, and look."""
        while self._next < len(self._events) and self._events[self._next][0] <= at:
            _, ends, taken = self._events[self._next]
            self._next += 1
            if ends:
                self._end(taken.ask)
            else:
                self._begin(taken)
        return Point(at, len(+self._used), self.rejected, self._fragmentation())

    def _begin(self, taken: Taken) -> None:
        stood = taken.at < self._since
        place = taken.place if stood or not self._decides else self._fleet.decide(taken.ask)
        if not stood:
            self.placed, self.rejected = self.placed + (place is not None), self.rejected + (place is None)
        if place and place.host in self._known:
            self._fleet.commit(taken.ask, place)
            self._there[taken.ask.server] = taken.ask, place
            self._used[place.host] += 1

    def _end(self, ask: Ask) -> None:
        if there := self._there.pop(ask.server, None):
            self._fleet.release(*there)
            self._used[there[1].host] -= 1

    def _fragmentation(self) -> float:
        """Give the mean over the most frequent demands, each as often as it was asked."""
        asked = sum(number for _, number in self._kinds)
        return sum(self._of(demand) * number for demand, number in self._kinds) / asked if asked else 0.0

    def _of(self, demand: Demand) -> float:
        return landing(self._fleet, demand).fragmentation


def _events(decisions: Sequence[Taken]) -> Iterator[tuple[datetime, bool, Taken]]:
    """Give what begins and ends, in order; what ends goes first."""
    found = [(taken.at, False, taken) for taken in decisions]
    found += [(taken.ended_at, True, taken) for taken in decisions if taken.ended_at]
    return iter(sorted(found, key=lambda one: (one[0], not one[1])))
