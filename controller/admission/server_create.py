"""Creating servers: whole batches at once, each request with its own answer."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from msgspec.structs import replace

from common import errors
from common.guest import Guest, aliases, parse_guest
from common.guest.aliases import Alias
from common.model.flavor import Flavor
from common.model.image import Image, ImageStatus
from common.model.keypair import Keypair
from common.model.server import NetworkAsk, Server
from common.states import Power, State, Task
from controller.admission.abilities import Abilities
from controller.admission.server_hints import ANYWHERE, Found, Places, Where
from controller.admission.server_nics import Wiring
from controller.db import flavors, images, keypairs, quotas, servers
from controller.db.engine import Tx
from controller.workflow.start import Begin, start_all
from controller.workflow.world import World
from controller.writer import Change

GIB = 1024**3


class CreateServers(Change[list[Server]], frozen=True, kw_only=True):
    """Make one or several servers alike. ``asks`` empty: on the only network there is.

    ``public_only``: the caller sees no other flavors.
    """

    returns: ClassVar[Any] = list[Server]

    project_id: str
    user_id: str
    name: str
    image_id: str
    flavor_id: str
    public_only: bool = True
    key_name: str | None = None
    user_data: str | None = None
    metadata: dict[str, str] = {}
    asks: tuple[NetworkAsk, ...] = ()
    where: Where = ANYWHERE
    min_count: int = 1
    max_count: int = 1
    request_id: str = ""

    @classmethod
    def accept(cls, tx: Tx, changes: Sequence[Self], world: World) -> list[list[Server] | errors.ToftError]:
        """Write the servers, their quota and their workflows: a statement for each table, however many there are.

        One that cannot be has its refusal in its place: BadRequest (what is named is not there, or does not fit
        together), QuotaExceeded (not even ``min_count`` fit), Conflict (a port is in use, or it is not clear on which
        network).
        """
        admission = _Admission(tx, changes, world)
        results = [_or_refusal(admission, change) for change in changes]
        admission.write(tx, world)
        return results


def _or_refusal(admission: "_Admission", change: CreateServers) -> list[Server] | errors.ToftError:
    try:
        return admission.admit(change)
    except errors.ToftError as refusal:
        return refusal


class _Admission:
    """What the creates of a batch name, read once; and what they add, written once."""

    def __init__(self, tx: Tx, changes: Sequence[CreateServers], world: World) -> None:
        self._now, self._ids = world.clock.now(), world.ids
        self._flavors = flavors.get(tx, {c.flavor_id for c in changes})
        self._images = images.get(tx, {c.image_id for c in changes})
        self._keypairs = _keypairs(tx, changes)
        self._aliases, self._abilities = aliases.read(world.settings.devices.aliases), Abilities(tx)
        self._places = Places(tx, world.settings.quota, [c.where for c in changes])
        self._wiring = Wiring(tx, [(c.project_id, c.asks) for c in changes])
        self._quota = quotas.Tally(tx, world.settings.quota, {c.project_id for c in changes}, quotas.OF_SERVERS)
        self._made: list[Server] = []

    def admit(self, change: CreateServers) -> list[Server]:
        """Make a request's servers.

        :raises ToftError: it is refused; nothing of it is kept.
        """
        flavor = self._flavors.get(change.flavor_id)
        if flavor is None or (change.public_only and not flavor.is_public):
            raise errors.BadRequest(f"Flavor {change.flavor_id} could not be found.")
        guest = _guest(flavor, _image(self._images.get(change.image_id), change), self._aliases)
        self._abilities.check(guest)
        asks = self._wiring.resolved(change.project_id, change.asks)
        if change.max_count > 1 and any(ask.port_id or ask.address for ask in asks):
            raise errors.BadRequest("several servers cannot share a port or a fixed address; create one at a time")
        template = self._template(change, flavor, guest, asks, self._places.resolved(change.project_id, change.where))
        made = self._numbered(template, change, self._counted(change, guest))
        self._wiring.hold(made)
        self._places.join(made)
        self._made += made
        return made

    def write(self, tx: Tx, world: World) -> None:
        """Write what was admitted."""
        self._quota.write(tx)
        servers.SERVERS.add(tx, self._made)
        self._places.write(tx)
        self._wiring.write(tx, self._now)
        start_all(tx, world, "server.create", [Begin(s.id, s.project_id, s.request_id) for s in self._made])

    def _template(
        self, change: CreateServers, flavor: Flavor, guest: Guest, asks: tuple[NetworkAsk, ...], found: Found
    ) -> Server:
        key = _key(self._keypairs, change)
        return Server(
            id="",
            project_id=change.project_id,
            user_id=change.user_id,
            name=change.name,
            state=State.BUILD,
            power=Power.ON,
            generation=1,
            flavor_id=flavor.id,
            flavor_name=flavor.name,
            guest=guest,
            image_id=change.image_id,
            task=Task.SCHEDULING,
            key_name=key.name if key else None,
            public_key=key.public_key if key else None,
            user_data=change.user_data,
            metadata=change.metadata,
            asks=asks,
            reservation_id=f"r-{self._ids()[-8:]}",
            created_at=self._now,
            updated_at=self._now,
            request_id=change.request_id,
            zone=found.zone,
            hints=found.hints,
            group_id=found.group_id,
        )

    def _counted(self, change: CreateServers, guest: Guest) -> int:
        """Count as many servers as quota and group let through, from ``max_count`` down to ``min_count``."""
        each = quotas.of_server(guest)
        room = min(self._quota.room(change.project_id, each), self._places.room(change.where))
        count = max(change.min_count, min(change.max_count, room))
        self._places.check_room(change.where, count)
        self._quota.count(change.project_id, {resource: amount * count for resource, amount in each.items()})
        return count

    def _numbered(self, template: Server, change: CreateServers, count: int) -> list[Server]:
        names = [change.name] if change.max_count == 1 else [f"{change.name}-{i + 1}" for i in range(count)]
        return [replace(template, id=self._ids(), name=name, launch_index=i) for i, name in enumerate(names)]


def _keypairs(tx: Tx, changes: Sequence[CreateServers]) -> dict[tuple[str, str], Keypair]:
    return keypairs.get(tx, {(c.user_id, c.key_name) for c in changes if c.key_name is not None})


def _key(known: Mapping[tuple[str, str], Keypair], change: CreateServers) -> Keypair | None:
    if change.key_name is None:
        return None
    key = known.get((change.user_id, change.key_name))
    if key is None:
        raise errors.BadRequest(f"Invalid key_name provided: there is no keypair {change.key_name!r}")
    return key


def _image(image: Image | None, change: CreateServers) -> Image:
    if image is None or not images.may_use(image, change.project_id):
        raise errors.BadRequest(f"Can not find requested image {change.image_id}")
    if image.status is not ImageStatus.ACTIVE:
        raise errors.BadRequest(f"Image {image.id} is {image.status.value}, not active; upload its data first")
    return image


def _guest(flavor: Flavor, image: Image, named: Mapping[str, Alias]) -> Guest:
    """Make the guest of a flavor and an image that fit together."""
    if image.min_ram > flavor.ram_mib:
        raise errors.BadRequest(
            f"Flavor's memory is too small for requested image: it has {flavor.ram_mib} MiB, {image.min_ram} are needed"
        )
    needed = max(image.min_disk, -(-(image.virtual_size or 0) // GIB))
    if 0 < flavor.disk_gib < needed:
        raise errors.BadRequest(
            f"Flavor's disk is too small for requested image: it has {flavor.disk_gib} GiB, {needed} are needed"
        )
    return parse_guest(
        vcpus=flavor.vcpus,
        memory_mib=flavor.ram_mib,
        disk_gib=flavor.disk_gib or needed,
        specs=flavor.extra_specs,
        properties=image.properties,
        aliases=named,
    )
