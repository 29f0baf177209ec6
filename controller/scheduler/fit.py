"""How many servers of a kind would fit, and where: decided one after another on a fleet that is nobody else's."""

import zlib
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from controller.scheduler import closely
from controller.scheduler.closely import Look
from controller.scheduler.fleet import Fleet
from controller.scheduler.terms import Ask
from controller.scheduler.variants import Zones


class Fit(NamedTuple):
    """How many each host would take, by its id; ``binds``: why one more would not fit, None: all of them do."""

    hosts: Mapping[str, int]
    binds: Look | None

    @property
    def servers(self) -> int:
        """Give how many fit."""
        return sum(self.hosts.values())


def fit(fleet: Fleet, ask: Ask, count: int, zones: Zones) -> Fit:
    """Put up to ``count`` servers like this one on a fleet; the fleet keeps them."""
    hosts: Counter[str] = Counter()
    for number in range(count):
        one = ask._replace(server=f"{ask.server}-{number}", seed=zlib.crc32(str(number).encode()))
        place = fleet.decide(one)
        if place is None:
            return Fit(hosts, closely.look(fleet, one, zones))
        fleet.commit(one, place)
        hosts[place.host] += 1
    return Fit(hosts, None)
