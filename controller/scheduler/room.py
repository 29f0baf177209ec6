"""Making room: the fewest servers to move off one host so that another one fits there. A plan; nothing is moved.

Small sets of servers are tried whole, one more server at a time, so the plan that is found is the least of its kind:
moves off a single host, each straight to its new one. The search ends after so many tries, and says so.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

from controller.scheduler import claims, placing
from controller.scheduler.filters import reasons
from controller.scheduler.fleet import Fleet
from controller.scheduler.terms import Ask, Fall, HostView, Place

MOST_MOVES = 4
TRIES = 20_000
"""Sets of servers that are looked at; about ten a millisecond."""

HOSTS = 64
"""Hosts that are looked at, those that lack least first."""


class Guest(NamedTuple):
    """A server that is there, and what it has."""

    ask: Ask
    place: Place


class Move(NamedTuple):
    """A server that would go from one host to another."""

    server: str
    source: str
    target: str


class Plan(NamedTuple):
    """What to move so that a server fits on ``host``; ``host`` None: no way was found.

    ``tried``: sets of servers looked at. ``whole``: every set of up to ``MOST_MOVES`` on every host was.
    """

    host: str | None
    moves: tuple[Move, ...] = ()
    tried: int = 0
    whole: bool = True


Guests = Callable[[str], Sequence[Guest]]
"""The servers on a host."""


def plan(
    fleet: Fleet, ask: Ask, guests: Guests, most_moves: int = MOST_MOVES, tries: int = TRIES, hosts: int = HOSTS
) -> Plan:
    """Find the fewest moves. The fleet is as it was afterwards.

    :param tries: sets of servers that are looked at.
    :param hosts: hosts that are looked at, those that lack least first.
    """
    place = fleet.decide(ask)
    if place:
        return Plan(place.host)
    search = _Search(fleet, fleet.inquiry().meant(ask), guests, tries, hosts)
    for moves in range(1, most_moves + 1):
        for host in search.hosts:
            found = search.off(host, moves)
            if found or search.left <= 0:
                return Plan(host if found else None, found or (), tries - search.left, search.whole)
    return Plan(None, (), tries - search.left, search.whole)


class _Search:
    """The search for one server."""

    def __init__(self, fleet: Fleet, ask: Ask, guests: Guests, tries: int, hosts: int) -> None:
        self._fleet, self._ask, self._guests = fleet, ask, guests
        self.left = tries
        fell = fleet.inquiry().fallen(ask, hosts)
        movable = [one for one in fell if one.fall > Fall.AGGREGATES and one.fall is not Fall.HINTS]
        self.hosts = [host for one in reversed(movable) for host in one.hosts][:hosts]
        self._all = sum(one.number for one in movable) == len(self.hosts)

    @property
    def whole(self) -> bool:
        """Say whether nothing was left out."""
        return self._all and self.left > 0

    def off(self, host: str, moves: int) -> tuple[Move, ...] | None:
        """Try all sets of so many servers on a host, the smallest servers first."""
        guests = sorted(self._guests(host), key=lambda one: (one.ask.demand.memory_mib, one.ask.server))
        view = self._fleet.view(host)
        for leaving in combinations(guests, moves):
            if self.left <= 0:
                return None
            self.left -= 1
            if not reasons(_without(view, leaving), self._ask):
                found = self._elsewhere(host, leaving)
                if found:
                    return found
        return None

    def _elsewhere(self, host: str, leaving: Sequence[Guest]) -> tuple[Move, ...] | None:
        """Find new hosts for those that leave, the greatest first, once the server has their place."""
        fleet, done = self._fleet, []
        for guest in leaving:
            fleet.release(guest.ask, guest.place)
        place = placing.find(fleet.view(host), self._ask.demand)
        assert place is not None, f"{host} was judged to fit"
        fleet.commit(self._ask, place)
        for guest in reversed(leaving):
            away = guest.ask._replace(never=guest.ask.never | {host})
            target = fleet.decide(away)
            if target is None:
                break
            fleet.commit(away, target)
            done.append(Guest(away, target))
        for guest in done:
            fleet.release(guest.ask, guest.place)
        fleet.release(self._ask, place)
        for guest in leaving:
            fleet.commit(guest.ask, guest.place)
        if len(done) < len(leaving):
            return None
        return tuple(Move(one.ask.server, host, one.place.host) for one in done)


def _without(view: HostView, leaving: Sequence[Guest]) -> HostView:
    for guest in leaving:
        view = claims.released(view, guest.ask, guest.place)
    return view
