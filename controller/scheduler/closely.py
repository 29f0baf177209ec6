"""Why no host takes a server: where hosts fell, which were near, what would fit. Of bounded size and work."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from common.model.decision import Change, Fallen, NearMiss
from controller.scheduler import changes, near
from controller.scheduler.filters import reasons
from controller.scheduler.fleet import Fleet
from controller.scheduler.inquiry import Fell
from controller.scheduler.terms import Ask, Fall, HostView
from controller.scheduler.variants import Zones

EXAMPLES = 5
"""Hosts that are named for each filter."""

LOOKED_AT = 32
"""Hosts of each filter among which near misses are looked for: those that lack least."""


class Look(NamedTuple):
    """What was seen."""

    counts: Mapping[Fall, int]
    fallen: tuple[Fallen, ...]
    near: tuple[NearMiss, ...]
    changes: tuple[Change, ...]
    never: bool


def look(fleet: Fleet, ask: Ask, zones: Zones) -> Look:
    """Look at all hosts for the sake of one server.

    :param zones: the aggregates of each availability zone, by its name.
    """
    inquiry = fleet.inquiry()
    asked = inquiry.meant(ask)
    fell = inquiry.fallen(asked, LOOKED_AT)
    hosts = {one.fall: [fleet.view(host) for host in one.hosts] for one in fell}
    return Look(
        counts={one.fall: one.number for one in fell},
        fallen=tuple(_fallen(one, hosts[one.fall], asked) for one in fell if one.fall),
        near=near.misses([host for some in hosts.values() for host in some], asked),
        changes=changes.that_fit(inquiry.fits, asked, hosts, zones),
        never=inquiry.never(asked.demand),
    )


def _fallen(fell: Fell, hosts: Sequence[HostView], ask: Ask) -> Fallen:
    told = {host.name: reasons(host, ask)[fell.fall] for host in hosts}
    return Fallen(
        filter=fell.fall.name.lower(),
        hosts=fell.number,
        reasons={name: told[name].text for name in list(told)[:EXAMPLES]},
        codes=tuple(sorted({reason.code for reason in told.values()})),
    )
