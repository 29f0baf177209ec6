"""Trials: the fleet and the oracle see the same requests, one after another, and are compared at each."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from msgspec.structs import replace

from controller.scheduler.fleet import Fleet
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, Demand, Fall, Place
from tests.scheduler import fleets, oracle
from tests.scheduler.books import Books, Put, differences

DECISIONS = 60
"""How many decisions a trial makes; by then its hosts are full, and some have been emptied again."""


@dataclass
class Outcome:
    """What came of trials. ``placed``: decisions that found a host."""

    decisions: int = 0
    placed: int = 0
    mismatches: list[str] = field(default_factory=list)


class Trial:
    """One fleet by seed."""

    def __init__(self, seed: int, make: Callable[[Policy], Fleet] = Fleet) -> None:
        self._chance = chance = Random(seed)
        self._policy, self._books = fleets.policy(chance), Books()
        self._fleet = make(self._policy)
        for host in fleets.hosts(chance):
            self._books.load(host)
        self._fleet.load(self._books.views.values())
        self._requests = fleets.Requests(chance, tuple(sorted(self._books.views)))

    def decide(self) -> tuple[bool, list[str]]:
        """Change something, then make a decision: say whether it found a host, and what is amiss."""
        self._churn()
        ask = self._requests.ask()
        counts = [*self._counts(ask.demand), *self._counts(self._requests.demand())]
        best = self._best(ask)
        amiss = [*counts, *self._candidates(ask, best)]
        place = self._fleet.decide(ask)
        amiss += self._choice(ask, place, best)
        if place and not amiss:
            self._fleet.commit(ask, place)
            self._books.commit(ask, place)
        return place is not None, [*amiss, *self._views()]

    def _counts(self, demand: Demand) -> Iterator[str]:
        falls = Counter(oracle.fall(view, demand) for view in self._books.views.values())
        if self._fleet.falls(demand) != falls:
            yield f"falls {self._fleet.falls(demand)}, not {dict(falls)}: {demand}"
        if self._fleet.count(demand) != falls[Fall.NOWHERE]:
            yield f"counts {self._fleet.count(demand)}, not {falls[Fall.NOWHERE]}: {demand}"

    def _best(self, ask: Ask) -> list[tuple[int, float, str]]:
        """Give what the oracle says of each host that fits, the best first."""
        members = self._books.members(ask)
        return sorted(
            (oracle.softly(ask, members[host]), self._policy.of(ask.demand, view), host)
            for host, view in self._books.views.items()
            if oracle.admitted(view, ask, members) and oracle.fall(view, ask.demand) is Fall.NOWHERE
        )

    def _candidates(self, ask: Ask, best: list[tuple[int, float, str]]) -> Iterator[str]:
        found = self._fleet.candidates(ask, len(self._books.views))
        if found != [(host, score) for _, score, host in best]:
            yield f"candidates {found}, not {best}: {ask}"

    def _choice(self, ask: Ask, place: Place | None, best: list[tuple[int, float, str]]) -> Iterator[str]:
        ties = [host for *rank, host in best if rank == [*best[0][:2]]]
        expected = ties[ask.seed % len(ties)] if ties else None
        if (place and place.host) != expected:
            yield f"chose {place}, not {expected} of {ties}: {ask}"
        elif place and (said := oracle.wrong(self._books.views[place.host], ask.demand, place)):
            yield f"{said} in {place}: {ask} {self._books.views[place.host]}"

    def _views(self) -> Iterator[str]:
        if [*self._fleet.hosts] != sorted(self._books.views):
            yield f"has hosts {[*self._fleet.hosts]}"
        for host, view in self._books.views.items():
            for said in differences(self._fleet.view(host), view):
                yield f"{host} has {said}"

    def _churn(self) -> None:
        """Release a server, change a host, or take one out and bring it back; most times nothing."""
        dice = self._chance.random()
        puts = [put for host in sorted(self._books.views) for put in self._books.puts.get(host, [])]
        if dice < 0.3 and puts:
            self._release(self._chance.choice(puts))
        elif dice < 0.35:
            self._change(self._chance.choice(sorted(self._books.views)))

    def _release(self, put: Put) -> None:
        self._books.release(put)
        self._fleet.release(put.ask, put.place)

    def _change(self, host: str) -> None:
        base = self._books.base(host)
        if self._chance.random() < 0.3:
            self._fleet.forget([host])
            self._books.forget(host)
        fresh = fleets.host(self._chance, 0)
        self._books.load(
            replace(
                base,
                generation=base.generation + 1,
                shut=fresh.shut,
                traits=fresh.traits,
                features=fresh.features,
                aggregates=fresh.aggregates,
            )
        )
        self._fleet.load([self._books.views[host]])


def run(seed: int, decisions: int, make: Callable[[Policy], Fleet] = Fleet) -> Outcome:
    """Run trials from a seed on; one that found something amiss goes no further."""
    outcome = Outcome()
    while outcome.decisions < decisions:
        trial = Trial(seed, make)
        for _ in range(min(DECISIONS, decisions - outcome.decisions)):
            placed, amiss = trial.decide()
            outcome.decisions += 1
            outcome.placed += placed
            outcome.mismatches += [f"seed {seed}: {said}" for said in amiss]
            if amiss:
                break
        seed += 1
    return outcome
