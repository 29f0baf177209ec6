"""What is asked of one server only: hints and its group, as hosts that it may go to, the best kind of them first."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from controller.scheduler.terms import Ask, Together


class Tier(NamedTuple):
    """Slots to choose among by score: those of ``only`` (None: all) that are not in ``never``."""

    only: frozenset[int] | None
    never: frozenset[int]

    def within(self, slots: frozenset[int]) -> "Tier":
        """Narrow it to these."""
        return self._replace(only=slots if self.only is None else self.only & slots)

    def without(self, slots: frozenset[int]) -> "Tier":
        """Narrow it to all but these."""
        return self._replace(never=self.never | slots)


ALL = Tier(None, frozenset())


def hinted(ask: Ask, slots: Mapping[str, int]) -> Tier:
    """Give the hosts that the hints allow."""
    if ask.only is None and not ask.never:
        return ALL
    only = None if ask.only is None else frozenset(slots[id_] for id_ in ask.only if id_ in slots)
    return Tier(only, frozenset(slots[id_] for id_ in ask.never if id_ in slots))


def grouped(tier: Tier, ask: Ask, members: Mapping[int, int]) -> Tier:
    """Narrow it to the hosts that the group allows; a soft one allows all."""
    if ask.group is None:
        return tier
    if ask.group.policy is Together.AFFINITY:
        return tier.within(frozenset(members)) if members else tier
    if ask.group.policy is Together.ANTI_AFFINITY:
        limit = ask.group.limit
        return tier.without(frozenset(slot for slot, count in members.items() if count >= limit))
    return tier


def tiers(ask: Ask, slots: Mapping[str, int], members: Callable[[str], Mapping[int, int]]) -> Iterator[Tier]:
    """Give the hosts allowed, in the order in which they are to be tried: soft groups outweigh every score."""
    there = members(ask.group.id) if ask.group else {}
    allowed = grouped(hinted(ask, slots), ask, there)
    if not ask.group or not there:
        yield allowed
    elif ask.group.policy is Together.SOFT_AFFINITY:
        for count in sorted(set(there.values()), reverse=True):
            yield allowed.within(_with(there, count))
        yield allowed.without(frozenset(there))
    elif ask.group.policy is Together.SOFT_ANTI_AFFINITY:
        yield allowed.without(frozenset(there))
        for count in sorted(set(there.values())):
            yield allowed.within(_with(there, count))
    else:
        yield allowed


def _with(members: Mapping[int, int], count: int) -> frozenset[int]:
    return frozenset(slot for slot, number in members.items() if number == count)
