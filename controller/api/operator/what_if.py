"""What questions about a fleet start from: the hosts as the ledger shows them now, and a server that might be made."""

from typing import NamedTuple

from common import errors
from common.guest import aliases, parse_guest
from common.model.aggregate import DEFAULT_ZONE
from common.model.flavor import Flavor
from common.model.server import Server
from common.states import Power, State
from controller.api.http import Request
from controller.db import flavors
from controller.db.engine import Tx
from controller.scheduler import chosen
from controller.scheduler.asking import asks
from controller.scheduler.fleet import Fleet
from controller.scheduler.follower import Follower
from controller.scheduler.terms import Ask
from controller.scheduler.variants import Zones


class Standing(NamedTuple):
    """A fleet of one's own, as the ledger is, and the aggregates of each zone."""

    fleet: Fleet
    zones: Zones

    def zone(self, named: str | None) -> str | None:
        """Give a zone back if there is one of that name; None: any will do.

        :raises NotFound: there is none.
        """
        if named not in (None, DEFAULT_ZONE, *self.zones):
            raise errors.NotFound(f"there is no availability zone {named}")
        return named


def standing(req: Request, tx: Tx) -> Standing:
    """Read all hosts."""
    world = req.services.world
    fleet = Fleet(chosen.policy(world.settings.scheduler))
    follower = Follower(fleet, world.clock)
    follower.catch_up(tx)
    return Standing(fleet, follower.zones)


def flavor(tx: Tx, named: str) -> Flavor:
    """Find a flavor by its id or its name.

    :raises NotFound: there is none.
    """
    found = flavors.named(tx, named)
    if found is None:
        raise errors.NotFound(f"there is no flavor {named}")
    return found


def ask(req: Request, tx: Tx, wanted: Flavor, zone: str | None = None) -> Ask:
    """Give what a server of a flavor would ask for, made by the caller's project.

    :raises BadRequest: the flavor asks for what cannot be.
    """
    world = req.services.world
    sizes = {"vcpus": wanted.vcpus, "memory_mib": wanted.ram_mib, "disk_gib": wanted.disk_gib}
    known = aliases.read(world.settings.devices.aliases)
    server = Server(
        id=wanted.name,
        project_id=req.who.project_id or "",
        user_id=req.who.user_id,
        name=wanted.name,
        state=State.BUILD,
        power=Power.ON,
        generation=1,
        flavor_id=wanted.id,
        flavor_name=wanted.name,
        guest=parse_guest(**sizes, specs=wanted.extra_specs, properties={}, aliases=known),
        image_id="",
        created_at=world.clock.now(),
        updated_at=world.clock.now(),
        zone=zone,
    )
    return asks(tx, [server])[0]
