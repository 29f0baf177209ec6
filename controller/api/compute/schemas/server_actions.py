"""What actions on servers may hold: one object with one key, the action's name."""

from typing import Any

from controller.api.compute.schemas.common import NUMBER


def _one(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: value}, "required": [name], "additionalProperties": False}


ANY = {"type": "object", "minProperties": 1, "maxProperties": 1}
START = _one("os-start", {})
STOP = _one("os-stop", {})
REBOOT = _one(
    "reboot",
    {
        "type": "object",
        "properties": {"type": {"enum": ["SOFT", "HARD", "Soft", "Hard", "soft", "hard"]}},
        "required": ["type"],
        "additionalProperties": False,
    },
)
CONSOLE = _one(
    "os-getConsoleOutput",
    {
        "type": "object",
        "properties": {"length": {"anyOf": [{"type": "null"}, {"const": -1}, {"const": "-1"}, NUMBER]}},
        "additionalProperties": False,
    },
)
