"""What services' requests may hold."""

from typing import Any

_TEXT = {"type": "string", "maxLength": 255}
LIST = {"type": "object", "properties": {"host": _TEXT, "binary": _TEXT}}


def _body(required: tuple[str, ...]) -> dict[str, Any]:
    properties = {"host": _TEXT | {"minLength": 1}, "binary": _TEXT}
    if "disabled_reason" in required:
        properties["disabled_reason"] = _TEXT | {"minLength": 1}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


SWITCH = _body(("host", "binary"))
SWITCH_REASON = _body(("host", "binary", "disabled_reason"))
