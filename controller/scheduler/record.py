"""Decision records: why a server went where it went, or nowhere. Of bounded size, whatever the number of hosts.

A server that found a host costs counts that the fleet has anyway. One that found none is looked at closely, once for
all that ask alike in a batch.
"""

from datetime import datetime

from msgspec.structs import replace

from common.ids import Ids
from common.model.decision import DecisionRecord, Fallen, Rated
from controller.scheduler import closely, inputs, words
from controller.scheduler.fleet import Fleet
from controller.scheduler.room import Guests
from controller.scheduler.terms import Ask, Demand, Fall, Place
from controller.scheduler.variants import Zones

BEST = 3
"""Hosts that fit which a record names, the chosen one first."""


class Recorder:
    """Writes the records of one batch, each before its place is committed to the fleet.

    :param zones: the aggregates of each availability zone, by its name.
    :param guests: gives the servers on a host, for a search for what to move; None: no search.
    """

    def __init__(self, fleet: Fleet, ids: Ids, now: datetime, zones: Zones, guests: Guests | None = None) -> None:
        self._guests = guests
        self._fleet, self._ids, self._now, self._zones = fleet, ids, now, zones
        self._seen: dict[tuple[Ask, bool], DecisionRecord] = {}
        self._demands: dict[Demand, object] = {}

    def record(self, ask: Ask, place: Place | None) -> DecisionRecord:
        """Give the record of a decision that the fleet just made.

        Servers of a batch that ask alike share what was seen for the first of them; each has its own host first.
        """
        alike = ask._replace(server="", project="", seed=0), place is None
        seen = self._seen.get(alike)
        if seen is None:
            seen = self._seen[alike] = self._nowhere(ask) if place is None else self._placed(ask)
        told = inputs.write(ask, place, self._demand(ask.demand))
        mine = replace(seen, id=self._ids(), server_id=ask.server, inputs=told)
        return mine if place is None else replace(mine, host_id=place.host, best=self._chosen_first(mine, ask, place))

    def _placed(self, ask: Ask) -> DecisionRecord:
        falls, hosts = self._fleet.falls(ask.demand), len(self._fleet.hosts)
        return DecisionRecord(
            id="",
            server_id="",
            at=self._now,
            host_id=None,
            reason=words.placed(falls[Fall.NOWHERE], hosts),
            hosts=hosts,
            fallen=tuple(Fallen(filter=fall.name.lower(), hosts=n, reasons={}) for fall, n in falls.items() if fall),
            best=tuple(self._rated(ask.demand, host) for host, _ in self._fleet.candidates(ask, BEST)),
        )

    def _chosen_first(self, seen: DecisionRecord, ask: Ask, place: Place) -> tuple[Rated, ...]:
        name = self._fleet.name(place.host)
        score = self._fleet.score(ask.demand, place.host)
        mine = [one for one in seen.best if one.host == name] or [Rated(host=name, score=round(score, 3))]
        return (*mine, *(one for one in seen.best if one.host != name))[:BEST]

    def _rated(self, demand: Demand, host: str) -> Rated:
        """Give a host's score and its terms, rounded: people read them."""
        terms = self._fleet.terms(demand, host)
        named = {name: round(value, 3) for name, value in terms.items()}
        return Rated(host=self._fleet.name(host), score=round(sum(terms.values()), 3), terms=named)

    def _nowhere(self, ask: Ask) -> DecisionRecord:
        seen = closely.look(self._fleet, ask, self._zones, self._guests)
        return DecisionRecord(
            id="",
            server_id="",
            at=self._now,
            host_id=None,
            reason=words.no_valid_host(seen.counts, seen.changes, seen.never),
            never=seen.never,
            hosts=len(self._fleet.hosts),
            fallen=seen.fallen,
            near=seen.near,
            changes=seen.changes,
        )

    def _demand(self, demand: Demand) -> object:
        if demand not in self._demands:
            self._demands[demand] = inputs.slim(demand)
        return self._demands[demand]
