"""What ports' requests may hold."""

from controller.api.network.schemas.common import ADDRESS, ID, PROJECT, TEXT, create, listing

CREATE = create(
    "port",
    {
        "network_id": ID,
        "name": TEXT,
        "description": TEXT,
        "admin_state_up": {"const": True},
        "mac_address": {"type": "string", "pattern": "^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$"},
        "fixed_ips": {
            "type": "array",
            "maxItems": 1,
            "items": {
                "type": "object",
                "properties": {"subnet_id": ID, "ip_address": ADDRESS},
                "additionalProperties": False,
                "minProperties": 1,
            },
        },
        "binding:vnic_type": {"const": "normal"},
        "port_security_enabled": {"const": False},
        "project_id": PROJECT,
        "tenant_id": PROJECT,
    },
    ("network_id",),
)
"""A port has one address for now. Its MAC is a single host's: the lowest bit of the first byte is 0."""

LIST = listing(
    (
        "id",
        "name",
        "network_id",
        "device_id",
        "device_owner",
        "mac_address",
        "project_id",
        "tenant_id",
        "description",
        "status",
    ),
    ("admin_state_up",),
    {"fixed_ips": {"type": "array", "items": {"pattern": "^(ip_address|subnet_id)=."}, "maxItems": 1000}},
)
