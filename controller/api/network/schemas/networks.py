"""What networks' requests may hold."""

from controller.api.network.schemas.common import PROJECT, TEXT, create, listing

CREATE = create(
    "network",
    {
        "name": TEXT,
        "description": TEXT,
        "admin_state_up": {"const": True},
        "shared": {"type": "boolean"},
        "mtu": {"type": "integer", "minimum": 576, "maximum": 9000},
        "project_id": PROJECT,
        "tenant_id": PROJECT,
        "router:external": {"const": False},
        "port_security_enabled": {"const": False},
    },
)
"""A network that is down, external, or guards its ports cannot be made yet; asking for one is refused."""

LIST = listing(
    ("id", "name", "project_id", "tenant_id", "description", "status"), ("shared", "admin_state_up", "router:external")
)
