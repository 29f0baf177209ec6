"""What a host is, beside what it has. Hosts that are alike share a profile, so a class looks at each profile once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.scheduler.terms import Demand, Fall, HostView

EARLIEST = len(Fall)

Ranks = NDArray[np.uint8]
"""How early hosts fall: 0 where they fit, else the higher the earlier. The highest of several is the first fall."""


def rank(fall: Fall) -> int:
    """Give the rank of a fall."""
    return EARLIEST - fall if fall else 0


def fall(of_rank: int) -> Fall:
    """Give the fall of a rank."""
    return Fall(EARLIEST - of_rank) if of_rank else Fall.NOWHERE


class Profile(NamedTuple):
    """All that a demand asks of a host without counting."""

    shut: bool
    features: frozenset[str]
    traits: frozenset[str]
    aggregates: frozenset[str]

    def fall(self, demand: Demand) -> Fall:
        """Say at what a host of this profile falls first."""
        if self.shut:
            return Fall.SHUT
        if not demand.features <= self.features:
            return Fall.FEATURES
        if not demand.traits <= self.traits or demand.forbidden & self.traits:
            return Fall.TRAITS
        if not all(self.aggregates & some for some in demand.aggregates) or self.aggregates & demand.outside:
            return Fall.AGGREGATES
        return Fall.NOWHERE


class Profiles:
    """Profiles by number; none is ever forgotten."""

    def __init__(self) -> None:
        self._numbers: dict[Profile, int] = {}
        self._all: list[Profile] = []

    def __len__(self) -> int:
        return len(self._all)

    def number(self, host: HostView) -> int:
        """Give the number of a host's profile."""
        profile = Profile(bool(host.shut), host.features, host.traits, host.aggregates)
        number = self._numbers.get(profile)
        if number is None:
            number = self._numbers[profile] = len(self._all)
            self._all.append(profile)
        return number

    def ranks(self, demand: Demand) -> Ranks:
        """Judge every profile."""
        return np.array([rank(profile.fall(demand)) for profile in self._all], dtype=np.uint8)

    def open_to(self, demand: Demand) -> NDArray[np.bool_]:
        """Say of every profile whether its hosts are for such servers, be they shut now or not."""
        return np.array([not profile._replace(shut=False).fall(demand) for profile in self._all], dtype=np.bool_)
