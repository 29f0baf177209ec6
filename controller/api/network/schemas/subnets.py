"""What subnets' requests may hold."""

from controller.api.network.schemas.common import ADDRESS, ID, PROJECT, TEXT, create, listing

CREATE = create(
    "subnet",
    {
        "network_id": ID,
        "name": TEXT,
        "description": TEXT,
        "ip_version": {"enum": [4, 6, "4", "6"]},
        "cidr": ADDRESS,
        "gateway_ip": {"anyOf": [{"type": "null"}, ADDRESS | {"minLength": 1}]},
        "allocation_pools": {
            "type": "array",
            "maxItems": 64,
            "items": {
                "type": "object",
                "properties": {"start": ADDRESS, "end": ADDRESS},
                "required": ["start", "end"],
                "additionalProperties": False,
            },
        },
        "dns_nameservers": {"type": "array", "items": ADDRESS, "maxItems": 5},
        "host_routes": {"type": "array", "maxItems": 0},
        "enable_dhcp": {"type": "boolean"},
        "project_id": PROJECT,
        "tenant_id": PROJECT,
    },
    ("network_id", "cidr"),
)

LIST = listing(
    ("id", "name", "network_id", "project_id", "tenant_id", "cidr", "gateway_ip", "description"),
    ("enable_dhcp",),
    {"ip_version": {"type": "integer"}},
)
