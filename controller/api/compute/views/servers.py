"""Servers, as clients see them at 2.1."""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

from common.clock import wire_time
from common.model.host import Host
from common.model.network import Network, Port
from common.model.server import Server
from common.states import Power, State
from controller.api.compute.views.links import links
from controller.api.http import Request

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
ZONE = "nova"
"""The only availability zone."""


class Surroundings(NamedTuple):
    """What a server's view needs besides the server. ``operator`` says whether hosts are shown."""

    nics: dict[str, list[Port]]
    networks: dict[str, Network]
    hosts: dict[str, Host]
    operator: bool


def brief(req: Request, server: Server) -> dict[str, Any]:
    """Show what a list without details has."""
    return {"id": server.id, "name": server.name, "links": links(req, "servers", server.id)}


def made(req: Request, server: Server) -> dict[str, Any]:
    """Show what a create answers. There is no ``adminPass``: no password is put into guests."""
    return {"id": server.id, "links": links(req, "servers", server.id), "OS-DCF:diskConfig": "MANUAL"}


def detail(req: Request, server: Server, around: Surroundings) -> dict[str, Any]:
    """Show a server whole."""
    shown = brief(req, server) | {
        "status": server.state.value,
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "metadata": server.metadata,
        "hostId": host_id(server),
        "image": {"id": server.image_id, "links": links(req, "images", server.image_id)[1:]},
        "flavor": {"id": server.flavor_id, "links": links(req, "flavors", server.flavor_id)[1:]},
        "created": wire_time(server.created_at),
        "updated": wire_time(server.updated_at),
        "addresses": addresses(server, around),
        "accessIPv4": "",
        "accessIPv6": "",
        "key_name": server.key_name,
        "config_drive": "True" if server.config_drive else "",
        "OS-DCF:diskConfig": "MANUAL",
        "os-extended-volumes:volumes_attached": [],
    }
    return shown | _states(server) | _fault(server) | (_host(server, around) if around.operator else {})


def _states(server: Server) -> dict[str, Any]:
    progress = {"progress": PROGRESS[server.state]} if server.state in PROGRESS else {}
    return progress | {
        "OS-EXT-STS:vm_state": VM_STATES[server.state],
        "OS-EXT-STS:task_state": server.task.value if server.task else None,
        "OS-EXT-STS:power_state": POWER_STATES[server.seen] if server.seen else 0,
        "OS-EXT-AZ:availability_zone": ZONE if server.host_id else "",
        "OS-SRV-USG:launched_at": _exact(server.launched_at),
        "OS-SRV-USG:terminated_at": _exact(server.deleted_at),
    }


def _exact(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") if at else None


def _fault(server: Server) -> dict[str, Any]:
    if server.fault is None or server.state is not State.ERROR:
        return {}
    return {"fault": {"code": 500, "created": wire_time(server.fault.at), "message": server.fault.message}}


def _host(server: Server, around: Surroundings) -> dict[str, Any]:
    host = around.hosts.get(server.host_id) if server.host_id else None
    return {
        "OS-EXT-SRV-ATTR:host": host.name if host else None,
        "OS-EXT-SRV-ATTR:hypervisor_hostname": host.name if host else None,
        "OS-EXT-SRV-ATTR:instance_name": server.id,
    }


def host_id(server: Server) -> str:
    """Give a name for the server's host that is the same for all servers of a project, and tells nothing else."""
    if server.host_id is None:
        return ""
    return hashlib.sha224(f"{server.project_id}{server.host_id}".encode()).hexdigest()


def addresses(server: Server, around: Surroundings) -> dict[str, list[dict[str, Any]]]:
    """Show addresses with their NICs, by the network's name."""
    return {
        network: [
            {
                "version": 4,
                "addr": port.address,
                "OS-EXT-IPS:type": "fixed",
                "OS-EXT-IPS-MAC:mac_addr": port.mac,
            }
            for port in ports
        ]
        for network, ports in _by_network(server, around).items()
    }


def plain_addresses(server: Server, around: Surroundings) -> dict[str, list[dict[str, Any]]]:
    """Show addresses alone, by the network's name."""
    return {
        network: [{"version": 4, "addr": port.address} for port in ports]
        for network, ports in _by_network(server, around).items()
    }


def _by_network(server: Server, around: Surroundings) -> dict[str, list[Port]]:
    found: dict[str, list[Port]] = {}
    for port in around.nics.get(server.id, []):
        if port.address is not None:
            found.setdefault(around.networks[port.network_id].name, []).append(port)
    return found
