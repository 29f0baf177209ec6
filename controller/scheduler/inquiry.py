"""Questions about a fleet beside its decisions: nobody is likely to ask them again, so nothing is kept for them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.scheduler import tiers
from controller.scheduler.classes import RequestClass
from controller.scheduler.columns import FREE, Floats
from controller.scheduler.mirror import Mirror
from controller.scheduler.never import never
from controller.scheduler.profiles import Ranks, fall, rank
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, Demand, Fall
from controller.scheduler.tiers import Tier


class Fell(NamedTuple):
    """How many hosts fell at a filter first, and the ids of those that lack least."""

    fall: Fall
    number: int
    hosts: tuple[str, ...]


class Inquiry:
    """Asks about hosts as they are mirrored now."""

    def __init__(self, mirror: Mirror, policy: Policy) -> None:
        self._mirror, self._policy = mirror, policy

    def fits(self, ask: Ask) -> bool:
        """Say whether a server would find a host."""
        return not self._ranks(ask).all()

    def fallen(self, ask: Ask, most: int) -> list[Fell]:
        """Count the hosts by where they fall first, in the order of ``Fall``; those that fit are ``NOWHERE``.

        :param most: hosts that are named of each.
        """
        ranks, lacking = self._ranks(ask), self._lacking(ask.demand)
        found = []
        for one in sorted({fall(int(number)) for number in np.unique(ranks)}):
            slots = np.flatnonzero(ranks == rank(one))
            nearest = slots[np.argsort(lacking[slots], kind="stable")[:most]]
            found.append(Fell(one, slots.size, tuple(self._mirror.ids[slot] for slot in nearest)))
        return found

    def meant(self, ask: Ask) -> Ask:
        """Give the ask without what asks for nothing: affinity to a group that has no members yet."""
        return ask._replace(group=None) if ask.group and not self._mirror.groups.members(ask.group.id) else ask

    def never(self, demand: Demand) -> bool:
        """Say whether no host could take a server even if it were empty, open and heard."""
        return never(self._mirror, demand)

    def _ranks(self, ask: Ask) -> Ranks:
        """Judge all hosts by all that is asked, hints and group too."""
        ranks = RequestClass(ask.demand, self._mirror, self._policy).catch_up().ranks
        hinted = tiers.hinted(ask, self._mirror.slots)
        members = self._mirror.groups.members(ask.group.id) if ask.group else {}
        for tier, at in ((hinted, Fall.HINTS), (tiers.grouped(hinted, ask, members), Fall.GROUP)):
            ranks = np.where(self._barred(tier), np.maximum(ranks, np.uint8(rank(at))), ranks)
        return ranks

    def _barred(self, tier: Tier) -> NDArray[np.bool_]:
        barred = np.full(len(self._mirror.ids), tier.only is not None)
        barred[sorted(tier.only or ())] = False
        barred[sorted(tier.never)] = True
        return barred

    def _lacking(self, demand: Demand) -> Floats:
        """Give what each host lacks of the plain amounts, as shares of what is asked, summed up."""
        amounts = np.array([demand.shared, demand.dedicated, demand.memory_mib, demand.disk_gib], dtype=np.float64)
        lacks = amounts[:, np.newaxis] - self._mirror.columns.table[FREE]
        shares: Floats = np.maximum(lacks, 0) / np.maximum(amounts, 1)[:, np.newaxis]
        lacking: Floats = shares.sum(axis=0)
        return lacking
