"""Hosts, as Compute shows them: as hypervisors, services and availability zones."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from common import resources, wire
from common.clock import wire_time
from common.model.host import Host, HostState
from common.model.server import Server
from controller.db.ledger import Stock

BINARY = "nova-compute"
"""What clients call the service on a host that runs servers."""


class Load(NamedTuple):
    """What a host has and what of it is claimed, by resource class, and how many servers it has."""

    stocks: Mapping[str, Stock]
    servers: int


def number(host: Host) -> int:
    """Give the number that stands for a host: at 2.1 hypervisors and services are numbered."""
    return int(host.id.replace("-", "")[-8:], 16) & 0x7FFFFFFF


def status(host: Host) -> str:
    """Say whether operators let the host take servers."""
    return "enabled" if host.enabled else "disabled"


def state(host: Host) -> str:
    """Say whether the host is heard and hears."""
    return "up" if host.state is HostState.UP else "down"


def hypervisor(host: Host) -> dict[str, Any]:
    """Show what a list without details has."""
    return {"id": number(host), "hypervisor_hostname": host.name, "state": state(host), "status": status(host)}


def hypervisor_servers(host: Host, servers: Sequence[Server]) -> dict[str, Any]:
    """Show a hypervisor with its servers, by their names there; without the list where there is none, as Nova does."""
    listed = [{"name": server.id, "uuid": server.id} for server in servers]
    return hypervisor(host) | ({"servers": listed} if listed else {})


def hypervisor_detail(host: Host, load: Load) -> dict[str, Any]:
    """Show a hypervisor whole."""
    has = msgspec.convert(host.inventory, wire.Inventory)
    return (
        hypervisor(host)
        | sums(load)
        | {
            "hypervisor_type": "QEMU",
            "hypervisor_version": _version(has.versions.get("qemu", "")),
            "host_ip": has.address,
            "cpu_info": _cpu_info(has),
            "service": {"id": number(host), "host": host.name, "disabled_reason": host.disabled_reason or None},
            "disk_available_least": has.disk_free_gib,
        }
    )


def _version(text: str) -> int:
    """Write a version as QEMU numbers it: 7.2.5 is 7002005."""
    parts = [int(part) for part in text.split(".")[:3] if part.isdigit()]
    major, minor, micro = [*parts, 0, 0, 0][:3]
    return major * 1_000_000 + minor * 1_000 + micro


def _cpu_info(has: wire.Inventory) -> str:
    known = {
        "arch": has.arch,
        "model": has.cpu_model,
        "vendor": has.cpu_vendor,
        "topology": has.topology,
        "features": list(has.traits),
    }
    return msgspec.json.encode(known).decode()


def sums(load: Load) -> dict[str, int]:
    """Show what there is, physically, and what is claimed."""
    none = Stock(0, 0, 0)
    cpu, memory, disk = (load.stocks.get(name, none) for name in resources.CLAIMED)
    return {
        "vcpus": cpu.total,
        "vcpus_used": cpu.used,
        "memory_mb": memory.total,
        "memory_mb_used": memory.used + memory.reserved,
        "free_ram_mb": memory.total - memory.used - memory.reserved,
        "local_gb": disk.total,
        "local_gb_used": disk.used + disk.reserved,
        "free_disk_gb": disk.total - disk.used - disk.reserved,
        "running_vms": load.servers,
        "current_workload": 0,
    }


def service(host: Host, zone: str) -> dict[str, Any]:
    """Show a host's service; ``zone``: the availability zone that the host is in."""
    return {
        "id": number(host),
        "binary": BINARY,
        "host": host.name,
        "zone": zone,
        "status": status(host),
        "state": state(host),
        "updated_at": host.heard_at.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        "disabled_reason": host.disabled_reason or None,
    }


def zone_service(host: Host) -> dict[str, Any]:
    """Show a host's service as the list of zones does."""
    up = host.state is HostState.UP
    return {BINARY: {"available": up, "active": host.enabled, "updated_at": wire_time(host.heard_at)}}
