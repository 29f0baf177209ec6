"""Why no host takes a server: where hosts fell, which were near, what would fit. Of bounded size and work."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from common.model.decision import Change, Fallen, NearMiss
from controller.scheduler import changes, near, room, words
from controller.scheduler.filters import reasons
from controller.scheduler.fleet import Fleet
from controller.scheduler.inquiry import Fell
from controller.scheduler.room import Guests
from controller.scheduler.terms import Ask, Fall, HostView
from controller.scheduler.variants import Zones

EXAMPLES = 5
"""Hosts that are named for each filter."""

MOVES, MOVE_TRIES, MOVE_HOSTS = 2, 300, 3
"""Bounds of the search for servers to move: how many, sets of them that are tried, hosts that they are on."""

LOOKED_AT = 32
"""Hosts of each filter among which near misses are looked for: those that lack least."""


class Look(NamedTuple):
    """What was seen."""

    counts: Mapping[Fall, int]
    fallen: tuple[Fallen, ...]
    near: tuple[NearMiss, ...]
    changes: tuple[Change, ...]
    never: bool


def look(fleet: Fleet, ask: Ask, zones: Zones, guests: Guests | None = None) -> Look:
    """Look at all hosts for the sake of one server.

    :param zones: the aggregates of each availability zone, by its name.
    :param guests: gives the servers on a host; None: nobody thinks of moving any.
    """
    inquiry = fleet.inquiry()
    asked = inquiry.meant(ask)
    say = partial(words.with_zones, zones=zones)
    fell = inquiry.fallen(asked, LOOKED_AT)
    hosts = {one.fall: [fleet.view(host) for host in one.hosts] for one in fell}
    return Look(
        counts={one.fall: one.number for one in fell},
        fallen=tuple(_fallen(one, hosts[one.fall], asked, say) for one in fell if one.fall),
        near=near.misses([host for some in hosts.values() for host in some], asked, say),
        changes=(
            *changes.that_fit(inquiry.fits, asked, hosts, zones),
            *_moves(fleet, asked, guests),
            *_returned(hosts.get(Fall.SHUT, ()), asked),
        ),
        never=inquiry.never(asked.demand),
    )


def _moves(fleet: Fleet, ask: Ask, guests: Guests | None) -> Iterator[Change]:
    """Say whether it fits once a few servers are moved; which ones is for operators."""
    found = room.plan(fleet, ask, guests, MOVES, MOVE_TRIES, MOVE_HOSTS) if guests else room.Plan(None)
    if found.moves:
        named = (f"{m.server} from {fleet.name(m.source)} to {fleet.name(m.target)}" for m in found.moves)
        text = f"after moving {words.counted(len(found.moves), 'server')} to another host"
        yield Change(code="move", text=text, hosts=", ".join(named))


def _returned(shut: Sequence[HostView], ask: Ask) -> Iterator[Change]:
    """Say whether it fits once a host that is out of service is back."""
    names = [host.name for host in shut if not reasons(replace(host, shut=""), ask)]
    if names:
        text = "once a host that is out of service is back"
        yield Change(code="shut", text=text, hosts=", ".join(names[:EXAMPLES]))


def _fallen(fell: Fell, hosts: Sequence[HostView], ask: Ask, say: Callable[[str], str]) -> Fallen:
    told = {host.name: reasons(host, ask)[fell.fall] for host in hosts}
    return Fallen(
        filter=fell.fall.name.lower(),
        hosts=fell.number,
        reasons={name: say(told[name].text) for name in list(told)[:EXAMPLES]},
        codes=tuple(sorted({reason.code for reason in told.values()})),
    )
