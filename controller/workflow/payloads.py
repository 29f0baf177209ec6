"""What notifications carry, under the names of Nova's versioned objects. No secret is ever among it.

User data, passwords, keys and tokens are left out by construction: each field is named here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from common.clock import wire_time
from common.hostname import hostname_of
from common.ids import tap_name
from common.model.host import Host
from common.model.network import Network, Port
from common.model.server import Server
from common.states import Power, State

Payload = dict[str, Any]

VM_STATES = {
    State.BUILD: "building",
    State.ACTIVE: "active",
    State.SHUTOFF: "stopped",
    State.REBOOT: "active",
    State.HARD_REBOOT: "active",
    State.ERROR: "error",
    State.DELETED: "deleted",
}
"""A server's state -> Nova's vm_state."""

POWER_STATES = {Power.ON: "running", Power.OFF: "shutdown", Power.CRASHED: "crashed", Power.PAUSED: "paused"}
"""What a host saw of a guest -> Nova's power state; nothing seen is "pending"."""


def _object(name: str, version: str, data: Payload) -> Payload:
    return {
        "nova_object.name": name,
        "nova_object.namespace": "nova",
        "nova_object.version": version,
        "nova_object.data": data,
    }


_FIXED: Payload = {
    "action_initiator_project": None,
    "action_initiator_user": None,
    "architecture": "x86_64",
    "auto_disk_config": "MANUAL",
    "block_devices": [],
    "kernel_id": "",
    "locked": False,
    "locked_reason": None,
    "os_type": None,
    "progress": 0,
    "ramdisk_id": "",
}
"""What is the same for every server here."""


class Home(NamedTuple):
    """Where a server is: its host, None: on none; and its availability zone, None: whichever."""

    host: Host | None
    zone: str | None


def instance(
    server: Server, home: Home, ports: Sequence[Port], networks: Mapping[str, Network], request_id: str
) -> Payload:
    """Describe a server: InstanceActionPayload."""
    return _object("InstanceActionPayload", "1.8", _instance(server, home, ports, networks, request_id))


def created_instance(
    server: Server, home: Home, ports: Sequence[Port], networks: Mapping[str, Network], request_id: str
) -> Payload:
    """Describe a server that is being made: InstanceCreatePayload."""
    more: Payload = {"instance_name": server.id, "keypairs": [], "tags": [], "trusted_image_certificates": None}
    data = _instance(server, home, ports, networks, request_id)
    return _object("InstanceCreatePayload", "1.12", data | more)


def _instance(
    server: Server, home: Home, ports: Sequence[Port], networks: Mapping[str, Network], request_id: str
) -> Payload:
    where = home.host.name if home.host else None
    return {
        **_FIXED,
        "availability_zone": home.zone,
        "created_at": wire_time(server.created_at),
        "deleted_at": _time(server.deleted_at),
        "display_description": server.name,
        "display_name": server.name,
        "fault": _fault(server),
        "flavor": _flavor(server),
        "host": where,
        "host_name": hostname_of(server.name, server.id),
        "image_uuid": server.image_id,
        "ip_addresses": [_address(port, networks) for port in ports if port.address],
        "key_name": server.key_name,
        "launched_at": _time(server.launched_at),
        "metadata": server.metadata,
        "node": where,
        "power_state": POWER_STATES.get(server.seen, "pending") if server.seen else "pending",
        "request_id": request_id,
        "reservation_id": server.reservation_id,
        "state": VM_STATES[server.state],
        "task_state": server.task.value if server.task else None,
        "tenant_id": server.project_id,
        "terminated_at": _time(server.deleted_at),
        "updated_at": wire_time(server.updated_at),
        "user_id": server.user_id,
        "uuid": server.id,
    }


def _time(at: datetime | None) -> str | None:
    return wire_time(at) if at else None


def _fault(server: Server) -> Payload | None:
    """Tell why a server is in ERROR, as its tenant is told; never where in the code."""
    if server.state is not State.ERROR or server.fault is None:
        return None
    data = {
        "exception": server.fault.code,
        "exception_message": server.fault.message,
        "function_name": "",
        "module_name": "",
        "traceback": "",
    }
    return _object("ExceptionPayload", "1.1", data)


def _flavor(server: Server) -> Payload:
    data: Payload = {
        "description": None,
        "disabled": False,
        "ephemeral_gb": 0,
        "extra_specs": {},
        "flavorid": server.flavor_id,
        "is_public": True,
        "memory_mb": server.guest.memory_mib,
        "name": server.flavor_name,
        "projects": [],
        "root_gb": server.guest.disk_gib,
        "rxtx_factor": 1.0,
        "swap": 0,
        "vcpu_weight": 0,
        "vcpus": server.guest.vcpus,
    }
    return _object("FlavorPayload", "1.4", data)


def _address(port: Port, networks: Mapping[str, Network]) -> Payload:
    data: Payload = {
        "address": port.address,
        "device_name": tap_name(port.id),
        "label": networks[port.network_id].name,
        "mac": port.mac,
        "meta": {},
        "port_uuid": port.id,
        "version": 4,
    }
    return _object("IpPayload", "1.0", data)


def service(host: Host, zone: str) -> Payload:
    """Describe the agent of a host in an availability zone: ServiceStatusPayload."""
    data = {
        "availability_zone": zone,
        "binary": "nova-compute",
        "disabled": not host.enabled,
        "disabled_reason": host.disabled_reason or None,
        "forced_down": False,
        "host": host.name,
        "last_seen_up": wire_time(host.heard_at),
        "report_count": host.epoch,
        "topic": "compute",
        "uuid": host.id,
        "version": 1,
    }
    return _object("ServiceStatusPayload", "1.1", data)
