"""All hosts, and the one that a server goes to. Exact: it sees what was committed to it up to now."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from controller.scheduler import placing, tiers
from controller.scheduler.classes import Classes
from controller.scheduler.inquiry import Inquiry
from controller.scheduler.lowest import first, lowest
from controller.scheduler.mirror import Mirror
from controller.scheduler.profiles import EARLIEST, fall
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, Demand, Fall, HostView, Place
from controller.scheduler.tiers import Tier


class Fleet:
    """The hosts of one scheduler. What is committed here is not written anywhere: the ledger is the truth."""

    def __init__(self, policy: Policy) -> None:
        self._mirror, self._policy = Mirror(), policy
        self._classes = Classes(self._mirror, policy)

    @property
    def hosts(self) -> Sequence[str]:
        """Give the ids of all hosts, in their order."""
        return self._mirror.ids

    def load(self, views: Iterable[HostView]) -> None:
        """Add hosts, or replace them by what they are now."""
        self._mirror.load(views)

    def forget(self, hosts: Collection[str]) -> None:
        """Drop hosts."""
        self._mirror.forget(hosts)

    def view(self, host: str) -> HostView:
        """Give a host as it is mirrored, with all that was committed since it was loaded.

        :raises KeyError: there is no such host.
        """
        return self._mirror.view(host)

    def name(self, host: str) -> str:
        """Give a host's name.

        :raises KeyError: there is no such host.
        """
        return self._mirror.name(host)

    def decide(self, ask: Ask) -> Place | None:
        """Choose a place for a server, and change nothing; None: no host fits."""
        scores = self._classes.of(ask.demand).scores
        for tier in self._tiers(ask):
            slot = lowest(scores, ask.seed, tier)
            if slot is not None:
                return self._place(self._mirror.ids[slot], ask.demand)
        return None

    def commit(self, ask: Ask, place: Place) -> None:
        """Take a place that was chosen, so that later decisions see it."""
        self._mirror.commit(ask, place)

    def release(self, ask: Ask, place: Place) -> None:
        """Give back a place that was committed."""
        self._mirror.release(ask, place)

    def count(self, demand: Demand) -> int:
        """Count the hosts that fit a demand."""
        ranks = self._classes.of(demand).ranks
        return int(ranks.size - np.count_nonzero(ranks))

    def falls(self, demand: Demand) -> dict[Fall, int]:
        """Count the hosts by what they fall at first; those that fit are under ``Fall.NOWHERE``. None is left out that
        has hosts."""
        counts = np.bincount(self._classes.of(demand).ranks, minlength=EARLIEST)
        found = {fall(rank): int(count) for rank, count in enumerate(counts) if count}
        return dict(sorted(found.items()))

    def candidates(self, ask: Ask, most: int) -> list[tuple[str, float]]:
        """Give the hosts that fit a server, the best first, and their scores."""
        scores = self._classes.of(ask.demand).scores
        found: list[tuple[str, float]] = []
        for tier in self._tiers(ask):
            best = first(scores, most - len(found), tier)
            found += [(self._mirror.ids[slot], float(scores[slot])) for slot in best]
        return found

    def score(self, demand: Demand, host: str) -> float:
        """Give the score of a host; infinite where it does not fit.

        :raises KeyError: there is no such host.
        """
        return float(self._classes.of(demand).scores[self._mirror.slots[host]])

    def inquiry(self) -> Inquiry:
        """Give who answers questions beside decisions."""
        return Inquiry(self._mirror, self._policy)

    def terms(self, demand: Demand, host: str) -> dict[str, float]:
        """Give what makes the score of a host, by the names of the weights.

        :raises KeyError: there is no such host.
        """
        return self._policy.terms(demand, self.view(host))

    def _tiers(self, ask: Ask) -> Iterator[Tier]:
        return tiers.tiers(ask, self._mirror.slots, self._mirror.groups.members)

    def _place(self, host: str, demand: Demand) -> Place:
        if not demand.cells and not demand.devices:
            return Place(host=host)
        place = placing.find(self.view(host), demand)
        assert place is not None, f"{host} was judged to fit"
        return place
