"""Parts that schemas of Compute share."""

from typing import Any

NAME: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "pattern": r"^[^\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?$",
}
"""A name: not empty, no control characters, no blanks at its ends."""

METADATA: dict[str, Any] = {
    "type": "object",
    "propertyNames": {"minLength": 1, "maxLength": 255, "pattern": r"^[a-zA-Z0-9\-_:. ]+$"},
    "additionalProperties": {"type": "string", "maxLength": 255},
}
"""Notes of a tenant."""

NUMBER: dict[str, Any] = {"type": ["integer", "string"], "pattern": "^[0-9]{1,9}$", "minimum": 0, "maximum": 2**31 - 1}
"""A whole number, which some clients write as text."""

FLAG: dict[str, Any] = {
    "enum": [True, False, "True", "true", "TRUE", "1", "on", "yes", "False", "false", "FALSE", "0", "off", "no"]
}
"""A yes or no, likewise."""


def flag(value: bool | str) -> bool:
    """Read a FLAG."""
    return value if isinstance(value, bool) else value.lower() in ("true", "1", "on", "yes")


def body(name: str, properties: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    """Make the schema of a body that holds one object under ``name`` and nothing else."""
    inner = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return {"type": "object", "properties": {name: inner}, "required": [name], "additionalProperties": False}
