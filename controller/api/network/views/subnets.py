"""Subnets, as clients see them."""

from typing import Any

from common.clock import wire_time
from common.model.network import Subnet


def subnet(shown: Subnet) -> dict[str, Any]:
    """Show a subnet whole."""
    return {
        "id": shown.id,
        "network_id": shown.network_id,
        "name": shown.name,
        "description": shown.description,
        "project_id": shown.project_id,
        "tenant_id": shown.project_id,
        "ip_version": 4,
        "cidr": shown.cidr,
        "gateway_ip": shown.gateway_ip,
        "allocation_pools": [{"start": first, "end": last} for first, last in shown.pools],
        "dns_nameservers": list(shown.dns_nameservers),
        "host_routes": [],
        "enable_dhcp": shown.enable_dhcp,
        "ipv6_address_mode": None,
        "ipv6_ra_mode": None,
        "subnetpool_id": None,
        "service_types": [],
        "tags": [],
        "created_at": wire_time(shown.created_at),
        "updated_at": wire_time(shown.updated_at),
    }
