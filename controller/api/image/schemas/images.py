"""Requests about images."""

from typing import Any

from common.image_inspection import FORMATS

VISIBILITY = ("public", "community", "shared", "private")
_UUID = {"type": "string", "format": "uuid"}
_INTEGER = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_TAGS = {
    "type": "array",
    "maxItems": 128,
    "uniqueItems": True,
    "items": {"type": "string", "minLength": 1, "maxLength": 255},
}

FIELDS: dict[str, Any] = {
    "name": {"type": ["string", "null"], "maxLength": 255},
    "disk_format": {"enum": [*FORMATS, None]},
    "container_format": {"enum": ["bare", None]},
    "visibility": {"enum": list(VISIBILITY)},
    "protected": {"type": "boolean"},
    "os_hidden": {"type": "boolean"},
    "min_disk": _INTEGER,
    "min_ram": _INTEGER,
    "tags": _TAGS,
}
"""What clients may set."""

READ_ONLY = (
    "checksum",
    "created_at",
    "direct_url",
    "file",
    "first",
    "locations",
    "next",
    "os_hash_algo",
    "os_hash_value",
    "schema",
    "self",
    "size",
    "status",
    "updated_at",
    "virtual_size",
)
"""What only the service writes."""

PROPERTY = {"type": "string", "maxLength": 65535}

CREATE = {
    "type": "object",
    "maxProperties": 140,
    "propertyNames": {"minLength": 1, "maxLength": 255},
    "properties": {"id": _UUID, "owner": {"type": "string"}, **FIELDS},
    "additionalProperties": PROPERTY,
}

PATCH = {
    "type": "array",
    "maxItems": 256,
    "items": {
        "type": "object",
        "required": ["op", "path"],
        "properties": {
            "op": {"enum": ["add", "replace", "remove"]},
            "path": {"type": "string", "pattern": "^/[^/]{1,255}$"},
        },
        "if": {"properties": {"op": {"enum": ["add", "replace"]}}},
        "then": {"required": ["value"]},
    },
}

AMONG = ("id", "name", "status", "disk_format", "container_format")
"""Fields that lists are filtered by one value or several of."""

TIMES = ("created_at", "updated_at")
"""Fields that lists are filtered by comparing."""

_TEXT = {"type": "string"}
LIST = {
    "type": "object",
    "properties": {
        "limit": {"type": "integer", "minimum": 0},
        "marker": _TEXT,
        **dict.fromkeys(AMONG, _TEXT),
        **{name: {"type": "array", "items": _TEXT, "maxItems": 8} for name in TIMES},
        "tag": {"type": "array", "items": _TEXT},
        "visibility": {"enum": [*VISIBILITY, "all"]},
        "owner": _TEXT,
        "member_status": _TEXT,
        "protected": {"type": "boolean"},
        "os_hidden": {"type": "boolean"},
        "min_disk": {"type": "integer"},
        "min_ram": {"type": "integer"},
        "size_min": {"type": "integer"},
        "size_max": {"type": "integer"},
        "sort": _TEXT,
        "sort_key": {"type": "array", "items": _TEXT},
        "sort_dir": {"type": "array", "items": {"enum": ["asc", "desc"]}},
    },
    "additionalProperties": _TEXT,
}

FETCH = {
    "type": "object",
    "required": ["host", "expires", "signature"],
    "properties": {
        "host": _TEXT,
        "expires": {"type": "string", "pattern": "^[0-9]{1,12}$"},
        "signature": _TEXT,
    },
    "additionalProperties": False,
}
