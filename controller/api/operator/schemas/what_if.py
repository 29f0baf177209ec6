"""What questions about the fleet may hold."""

from typing import Any

MOST = 10_000
"""Servers that are tried at most."""

_FLAVOR = {"type": "string", "minLength": 1, "maxLength": 255}
_ZONE = {"type": "string", "maxLength": 255}


def _query(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


FIT = _query(
    {"flavor": _FLAVOR, "count": {"type": "integer", "minimum": 1, "maximum": MOST}, "zone": _ZONE}, ("flavor",)
)
ROOM = _query({"flavor": _FLAVOR, "zone": _ZONE, "moves": {"type": "integer", "minimum": 1, "maximum": 8}}, ("flavor",))
FRAGMENTATION = _query({"flavor": {"type": "array", "items": _FLAVOR}, "host": {"type": "string", "maxLength": 255}})
_MOMENT = {"type": "string", "maxLength": 64}
RECORDING = _query(
    {
        "since": _MOMENT,
        "until": _MOMENT,
        "marker": {"type": "string", "maxLength": 255},
        "limit": {"type": "integer", "minimum": 1, "maximum": 1000},
    }
)
