"""Creating, renaming and deleting servers."""

from typing import Any, ClassVar

from msgspec.structs import replace

from common import errors
from common.guest import Guest, parse_guest
from common.model.flavor import Flavor
from common.model.image import Image, ImageStatus
from common.model.server import NetworkAsk, Server
from common.states import Power, State, Task
from controller.admission import server_nics
from controller.db import flavors, images, keypairs, quotas, server_lists, servers, workflows
from controller.db.engine import Tx
from controller.workflow.start import start, supersede
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
    min_count: int = 1
    max_count: int = 1
    request_id: str = ""

    def apply(self, tx: Tx, world: World) -> list[Server]:
        """Write the servers, their quota and their workflows.

        :raises BadRequest: what is named is not there, or does not fit together.
        :raises QuotaExceeded: not even ``min_count`` fit.
        :raises Conflict: a port is in use, or it is not clear on which network.
        """
        flavor = flavors.find(tx, self.flavor_id, all_of_them=not self.public_only)
        if flavor is None:
            raise errors.BadRequest(f"Flavor {self.flavor_id} could not be found.")
        image = _image(tx, self.image_id, self.project_id)
        guest = _guest(flavor, image)
        asks = server_nics.resolved(tx, self.project_id, self.asks)
        if self.max_count > 1 and any(ask.port_id or ask.address for ask in asks):
            raise errors.BadRequest("several servers cannot share a port or a fixed address; create one at a time")
        template = self._template(tx, world, flavor, guest, asks)
        made = self._numbered(template, self._counted(tx, world, guest), world)
        servers.SERVERS.add(tx, made)
        server_nics.hold(tx, made, world.clock.now())
        for server in made:
            start(tx, world, "server.create", server.id, server.project_id, {}, self.request_id)
        return made

    def _template(self, tx: Tx, world: World, flavor: Flavor, guest: Guest, asks: tuple[NetworkAsk, ...]) -> Server:
        key = keypairs.find(tx, self.user_id, self.key_name) if self.key_name is not None else None
        if self.key_name is not None and key is None:
            raise errors.BadRequest(f"Invalid key_name provided: there is no keypair {self.key_name!r}")
        return Server(
            id="",
            project_id=self.project_id,
            user_id=self.user_id,
            name=self.name,
            state=State.BUILD,
            power=Power.ON,
            generation=1,
            flavor_id=flavor.id,
            flavor_name=flavor.name,
            guest=guest,
            image_id=self.image_id,
            task=Task.SCHEDULING,
            key_name=key.name if key else None,
            public_key=key.public_key if key else None,
            user_data=self.user_data,
            metadata=self.metadata,
            asks=asks,
            reservation_id=f"r-{world.ids()[-8:]}",
            created_at=world.clock.now(),
            updated_at=world.clock.now(),
            request_id=self.request_id,
        )

    def _counted(self, tx: Tx, world: World, guest: Guest) -> int:
        """Count as many servers as the quota lets through, from ``max_count`` down to ``min_count``."""
        limits, each = world.settings.quota, quotas.of_server(guest)
        have = quotas.usage(tx, limits, self.project_id)
        room = [(have[r].max - have[r].used) // amount for r, amount in each.items() if have[r].max >= 0]
        count = max(self.min_count, min([self.max_count, *room]))
        quotas.count(tx, limits, self.project_id, {r: amount * count for r, amount in each.items()})
        return count

    def _numbered(self, template: Server, count: int, world: World) -> list[Server]:
        names = [self.name] if self.max_count == 1 else [f"{self.name}-{i + 1}" for i in range(count)]
        return [replace(template, id=world.ids(), name=name, launch_index=i) for i, name in enumerate(names)]


def _image(tx: Tx, image_id: str, project_id: str) -> Image:
    image = images.visible(tx, image_id, project_id)
    if image is None:
        raise errors.BadRequest(f"Can not find requested image {image_id}")
    if image.status is not ImageStatus.ACTIVE:
        raise errors.BadRequest(f"Image {image_id} is {image.status.value}, not active; upload its data first")
    return image


def _guest(flavor: Flavor, image: Image) -> Guest:
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
    )


class RenameServer(Change[Server], frozen=True, kw_only=True):
    """Give a server another name. Its guest's host name stays. ``project_id`` None: whosever it is."""

    returns: ClassVar[Any] = Server

    id: str
    project_id: str | None
    name: str

    def apply(self, tx: Tx, world: World) -> Server:
        """Write it.

        :raises NotFound: the project has none such.
        """
        return saved(tx, replace(locked(tx, self.id, self.project_id), name=self.name, updated_at=world.clock.now()))


class DeleteServer(Change[None], frozen=True, kw_only=True):
    """Delete a server, whatever is being done to it. ``project_id`` None: whosever it is."""

    id: str
    project_id: str | None
    request_id: str

    def apply(self, tx: Tx, world: World) -> None:
        """End what is being done to it and begin its deletion; once more is harmless.

        :raises NotFound: the project has none such.
        """
        found = server_lists.find(tx, self.id, self.project_id)
        if found is None:
            raise missing(self.id)
        live = workflows.lock_live(tx, [self.id]).get(self.id)
        if live is not None and live.kind == "server.delete":
            return
        supersede(tx, world, [self.id])
        server = locked(tx, self.id, self.project_id)
        gone = replace(
            server,
            power=Power.GONE,
            task=Task.DELETING,
            generation=server.generation + 1,
            updated_at=world.clock.now(),
        )
        saved(tx, gone)
        start(tx, world, "server.delete", server.id, server.project_id, {}, self.request_id)


def missing(server_id: str) -> errors.NotFound:
    """Say that there is no such server."""
    return errors.NotFound(f"Instance {server_id} could not be found.")


def locked(tx: Tx, server_id: str, project_id: str | None) -> Server:
    """Lock a server; None: whosever it is. Lock its workflow before, if at all.

    :raises NotFound: the project has none such.
    """
    server = servers.get(tx, [server_id], lock=True).get(server_id)
    if server is None or server.state is State.DELETED or project_id not in (None, server.project_id):
        raise missing(server_id)
    return server


def saved(tx: Tx, server: Server) -> Server:
    """Write a server that is there already, and give it."""
    servers.save(tx, [server])
    return server
