"""Ports, as clients see them."""

from typing import Any

from common.clock import wire_time
from common.model.host import Host
from common.model.network import Port


def port(shown: Port, hosts: dict[str, Host] | None) -> dict[str, Any]:
    """Show a port whole; ``hosts`` None: the caller may not see where it is."""
    return {
        "id": shown.id,
        "network_id": shown.network_id,
        "name": shown.name,
        "description": shown.description,
        "project_id": shown.project_id,
        "tenant_id": shown.project_id,
        "status": "ACTIVE" if shown.host_id else "DOWN",
        "admin_state_up": shown.admin_state_up,
        "mac_address": shown.mac,
        "fixed_ips": [{"subnet_id": shown.subnet_id, "ip_address": shown.address}] if shown.address else [],
        "device_id": shown.device_id,
        "device_owner": shown.device_owner,
        "binding:vnic_type": "normal",
        "security_groups": [],
        "allowed_address_pairs": [],
        "extra_dhcp_opts": [],
        "port_security_enabled": False,
        "tags": [],
        "created_at": wire_time(shown.created_at),
        "updated_at": wire_time(shown.updated_at),
    } | (_binding(shown, hosts) if hosts is not None else {})


def _binding(shown: Port, hosts: dict[str, Host]) -> dict[str, Any]:
    host = hosts.get(shown.host_id) if shown.host_id else None
    return {
        "binding:host_id": host.name if host else "",
        "binding:vif_type": "bridge" if host else "unbound",
        "binding:vif_details": {},
        "binding:profile": {},
    }
