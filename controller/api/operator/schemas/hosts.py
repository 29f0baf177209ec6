"""What requests about hosts may hold."""

from typing import Any

_NAME = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"}


def _body(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


ENROLL = _body({"name": _NAME}, ("name",))
ROTATE = _body({"retire": {"type": "boolean"}})
DISABLE = _body({"reason": {"type": "string", "maxLength": 255}})
NOTHING = _body({})
STRANGERS = {"type": "object", "properties": {"host": {"type": "string"}}}
