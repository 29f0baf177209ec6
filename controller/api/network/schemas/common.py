"""Parts that schemas of Network share."""

from collections.abc import Mapping
from typing import Any

from controller.api.lists import PAGING, SORTING

BULK = 100
"""Things that one request may make."""

TEXT: dict[str, Any] = {"type": "string", "maxLength": 255, "pattern": r"^\P{Cc}*$"}
ID: dict[str, Any] = {"type": "string", "format": "uuid"}
PROJECT: dict[str, Any] = {"type": "string", "maxLength": 255}
ADDRESS: dict[str, Any] = {"type": "string", "maxLength": 64}
_MANY_TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}, "maxItems": 1000}


def create(noun: str, properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Make the schema of a create: one thing under ``noun``, or a list of them under its plural."""
    one = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": BULK}
    return {
        "type": "object",
        "properties": {noun: one, f"{noun}s": many},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def listing(
    texts: tuple[str, ...], flags: tuple[str, ...] = (), others: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Make the schema of a list's query. A filter that is not known is refused: it would be thought to filter."""
    known = dict.fromkeys(texts, _MANY_TEXTS) | {name: {"type": "boolean"} for name in flags} | dict(others or {})
    paging = PAGING | SORTING | {"page_reverse": {"const": False, "type": "boolean"}, "fields": _MANY_TEXTS}
    return {"type": "object", "properties": paging | known, "additionalProperties": False}
