"""Networks, as clients see them."""

from typing import Any

from common.clock import wire_time
from common.model.network import Network, Subnet


def network(shown: Network, subnets: dict[str, Subnet]) -> dict[str, Any]:
    """Show a network whole; ``subnets`` are by network."""
    return {
        "id": shown.id,
        "name": shown.name,
        "description": shown.description,
        "project_id": shown.project_id,
        "tenant_id": shown.project_id,
        "status": "ACTIVE",
        "admin_state_up": shown.admin_state_up,
        "shared": shown.shared,
        "mtu": shown.mtu,
        "subnets": [subnets[shown.id].id] if shown.id in subnets else [],
        "router:external": False,
        "port_security_enabled": False,
        "availability_zones": [],
        "availability_zone_hints": [],
        "tags": [],
        "created_at": wire_time(shown.created_at),
        "updated_at": wire_time(shown.updated_at),
    }
