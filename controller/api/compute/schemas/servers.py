"""What servers' requests may hold. What is not here is refused by name, never dropped."""

from typing import Any

from controller.api.compute.schemas import hints
from controller.api.compute.schemas.common import FLAG, METADATA, NAME, NUMBER, body
from controller.api.lists import PAGING, SORTING

USER_DATA_LIMIT = 65535
"""Characters of base64."""

_ID = {"type": "string", "format": "uuid"}
_NIC = {
    "type": "object",
    "properties": {"uuid": _ID, "port": {"anyOf": [{"type": "null"}, _ID]}, "fixed_ip": {"format": "ipv4"}},
    "additionalProperties": False,
    "minProperties": 1,
}
_DISK = {
    "type": "object",
    "properties": {
        "uuid": _ID,
        "source_type": {"const": "image"},
        "destination_type": {"const": "local"},
        "boot_index": {"enum": [0, "0"]},
        "delete_on_termination": {"enum": [True, "true", "True"]},
        "device_name": {"type": "null"},
    },
    "required": ["uuid", "source_type"],
    "additionalProperties": False,
}
_COUNT = NUMBER | {"minimum": 1}

CREATE = body(
    "server",
    {
        "name": NAME,
        "imageRef": {"type": "string", "maxLength": 1024},
        "flavorRef": {"type": ["string", "integer"], "maxLength": 1024},
        "networks": {"type": "array", "items": _NIC, "maxItems": 32},
        "key_name": {"type": ["string", "null"], "maxLength": 255},
        "user_data": {"type": ["string", "null"], "maxLength": USER_DATA_LIMIT},
        "config_drive": {"anyOf": [{"type": "null"}, FLAG, {"const": ""}]},
        "metadata": METADATA,
        "min_count": _COUNT,
        "max_count": _COUNT,
        "return_reservation_id": FLAG,
        "availability_zone": {"type": ["string", "null"], "maxLength": 767},
        "OS-DCF:diskConfig": {"const": "MANUAL"},
        "security_groups": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"const": "default"}}, "additionalProperties": False},
            "maxItems": 1,
        },
        "block_device_mapping_v2": {"type": "array", "items": _DISK, "maxItems": 1},
    },
    ("name", "flavorRef"),
)
CREATE["properties"] |= dict.fromkeys(hints.HINTS, hints.SCHEMA)
"""The one block device that is supported is the image itself on a local disk, as openstackclient always writes it.

The group ``default`` may be named and means nothing: there are no security groups yet.
"""

UPDATE = body("server", {"name": NAME}, ("name",))

_TEXT = {"type": "string"}
LIST: dict[str, Any] = {
    "type": "object",
    "properties": PAGING
    | SORTING
    | {
        "all_tenants": {"anyOf": [FLAG, {"const": ""}]},
        "tenant_id": _TEXT,
        "project_id": _TEXT,
        "user_id": _TEXT,
        "name": {"type": "string", "maxLength": 255},
        "ip": {"type": "string", "maxLength": 64},
        "ip6": _TEXT,
        "key_name": _TEXT,
        "config_drive": {"anyOf": [FLAG, {"const": ""}]},
        "availability_zone": _TEXT,
        "vm_state": _TEXT,
        "task_state": _TEXT,
        "power_state": {"type": "integer"},
        "status": {"type": "array", "items": _TEXT, "maxItems": 16},
        "image": _TEXT,
        "flavor": _TEXT,
        "host": _TEXT,
        "reservation_id": _TEXT,
        "deleted": FLAG,
        "changes-since": {"type": "string"},
    },
}
"""Query of both lists. Others are passed over, as Nova does at 2.1."""
