"""Servers, as clients see them at 2.1."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from common.clock import wire_time
from common.model.aggregate import DEFAULT_ZONE
from common.model.server import Server
from common.states import Power, State, Task
from controller.api.compute.views.links import ROOT
from controller.api.http import Request
from controller.db.server_lists import Nic, Shown

VM_STATES = {
    State.BUILD: "building",
    State.ACTIVE: "active",
    State.SHUTOFF: "stopped",
    State.REBOOT: "active",
    State.HARD_REBOOT: "active",
    State.ERROR: "error",
    State.DELETED: "deleted",
}
POWER_STATES = {Power.ON: 1, Power.PAUSED: 3, Power.OFF: 4, Power.CRASHED: 6, Power.GONE: 0}
PROGRESS = {State.BUILD: 0, State.ACTIVE: 100}
REMEMBERED = 4096
"""Images, flavors and hosts that are shown without being made anew: many servers share few of them."""


class Surroundings(NamedTuple):
    """What servers' views need besides the servers: addresses by server; names of hosts, where the caller sees them;
    zones of hosts, of those that are not in the default one."""

    nics: Mapping[str, Sequence[Nic]]
    hosts: Mapping[str, str] | None
    zones: Mapping[str, str]


class Link(msgspec.Struct):
    """A link."""

    rel: str
    href: str


class Linked(msgspec.Struct):
    """Another thing, by its id and the link that Compute knows it by."""

    id: str
    links: tuple[Link, ...]


class Brief(msgspec.Struct, kw_only=True):
    """A server as a list without details shows it."""

    id: str
    name: str
    links: tuple[Link, Link]


class Made(msgspec.Struct, kw_only=True):
    """What a create answers. There is no ``adminPass``: no password is put into guests."""

    id: str
    links: tuple[Link, Link]
    disk_config: str = msgspec.field(name="OS-DCF:diskConfig", default="MANUAL")


class Address(msgspec.Struct):
    """An address; with its NIC's, where details are asked for."""

    version: int
    addr: str
    kind: str | msgspec.UnsetType = msgspec.field(name="OS-EXT-IPS:type", default=msgspec.UNSET)
    mac: str | msgspec.UnsetType = msgspec.field(name="OS-EXT-IPS-MAC:mac_addr", default=msgspec.UNSET)


class ShownFault(msgspec.Struct):
    """Why a server is in ERROR."""

    code: int
    created: str
    message: str


class Detail(Brief, kw_only=True):
    """A server whole."""

    status: str
    tenant_id: str
    user_id: str
    metadata: dict[str, str]
    host_id: str = msgspec.field(name="hostId")
    image: Linked
    flavor: Linked
    created: str
    updated: str
    addresses: dict[str, list[Address]]
    access_ipv4: str = msgspec.field(name="accessIPv4", default="")
    access_ipv6: str = msgspec.field(name="accessIPv6", default="")
    key_name: str | None
    config_drive: str
    disk_config: str = msgspec.field(name="OS-DCF:diskConfig", default="MANUAL")
    volumes: tuple[()] = msgspec.field(name="os-extended-volumes:volumes_attached", default=())
    progress: int | msgspec.UnsetType
    vm_state: str = msgspec.field(name="OS-EXT-STS:vm_state")
    task_state: Task | None = msgspec.field(name="OS-EXT-STS:task_state")
    power_state: int = msgspec.field(name="OS-EXT-STS:power_state")
    zone: str = msgspec.field(name="OS-EXT-AZ:availability_zone")
    launched_at: str | None = msgspec.field(name="OS-SRV-USG:launched_at")
    terminated_at: str | None = msgspec.field(name="OS-SRV-USG:terminated_at")
    fault: ShownFault | msgspec.UnsetType
    host: str | msgspec.UnsetType | None = msgspec.field(name="OS-EXT-SRV-ATTR:host")
    hypervisor: str | msgspec.UnsetType | None = msgspec.field(name="OS-EXT-SRV-ATTR:hypervisor_hostname")
    instance_name: str | msgspec.UnsetType = msgspec.field(name="OS-EXT-SRV-ATTR:instance_name")


class Views:
    """Shows the servers of one answer."""

    def __init__(self, req: Request) -> None:
        self._self, self._bookmark = req.url(f"{ROOT}/servers/"), req.url("/compute/servers/")
        self._images, self._flavors = req.url("/compute/images/"), req.url("/compute/flavors/")

    def _links(self, server_id: str) -> tuple[Link, Link]:
        return Link("self", self._self + server_id), Link("bookmark", self._bookmark + server_id)

    def made(self, server: Server) -> Made:
        """Show what a create answers."""
        return Made(id=server.id, links=self._links(server.id))

    def brief(self, server: Shown) -> Brief:
        """Show what a list without details has."""
        return Brief(id=server.id, name=server.name, links=self._links(server.id))

    def detail(self, server: Shown, around: Surroundings) -> Detail:
        """Show a server whole."""
        operator = around.hosts is not None
        host = around.hosts.get(server.host_id or "") if around.hosts is not None else msgspec.UNSET
        return Detail(
            id=server.id,
            name=server.name,
            links=self._links(server.id),
            status=server.state.value,
            tenant_id=server.project_id,
            user_id=server.user_id,
            metadata=server.metadata,
            host_id=host_id(server.project_id, server.host_id),
            image=_linked(self._images, server.image_id),
            flavor=_linked(self._flavors, server.flavor_id),
            created=wire_time(server.created_at),
            updated=wire_time(server.updated_at),
            addresses=addresses(around.nics.get(server.id, ())),
            key_name=server.key_name,
            config_drive="True" if server.config_drive else "",
            progress=PROGRESS.get(server.state, msgspec.UNSET),
            vm_state=VM_STATES[server.state],
            task_state=server.task,
            power_state=POWER_STATES[server.seen] if server.seen else 0,
            zone=around.zones.get(server.host_id, DEFAULT_ZONE) if server.host_id else server.zone or "",
            launched_at=_exact(server.launched_at),
            terminated_at=_exact(server.deleted_at),
            fault=_fault(server),
            host=host,
            hypervisor=host,
            instance_name=server.id if operator else msgspec.UNSET,
        )


@lru_cache(REMEMBERED)
def _linked(base: str, identity: str) -> Linked:
    return Linked(identity, (Link("bookmark", base + identity),))


def _exact(at: datetime | None) -> str | None:
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") if at else None


def _fault(server: Shown) -> ShownFault | msgspec.UnsetType:
    if server.fault is None or server.state is not State.ERROR:
        return msgspec.UNSET
    return ShownFault(500, wire_time(server.fault.at), server.fault.message)


@lru_cache(REMEMBERED)
def host_id(project_id: str, host: str | None) -> str:
    """Give a name for a server's host that is the same for all servers of a project, and tells nothing else."""
    return hashlib.sha224(f"{project_id}{host}".encode()).hexdigest() if host else ""


def addresses(nics: Iterable[Nic]) -> dict[str, list[Address]]:
    """Show addresses with their NICs, by the network's name."""
    shown: dict[str, list[Address]] = {}
    for _, network, mac, address in nics:
        shown.setdefault(network, []).append(Address(4, address, "fixed", mac))
    return shown


def plain_addresses(nics: Iterable[Nic]) -> dict[str, list[Address]]:
    """Show addresses alone, by the network's name."""
    shown: dict[str, list[Address]] = {}
    for _, network, _, address in nics:
        shown.setdefault(network, []).append(Address(4, address))
    return shown
