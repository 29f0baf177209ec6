"""What scheduler hints may hold. Both names of them are clients' own: old ones write the one, new ones the other."""

from typing import Any

HINTS = ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints")
MOST = 64
"""Servers that one hint may name."""

_ID = {"type": "string", "format": "uuid"}
_IDS = {"anyOf": [_ID, {"type": "array", "items": _ID, "maxItems": MOST}]}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "group": _ID,
        "same_host": _IDS,
        "different_host": _IDS,
        "host": {"type": "string", "minLength": 1, "maxLength": 255},
        "query": {},
    },
    "additionalProperties": False,
}
"""``query`` is refused by the handler, which says what to write instead."""
