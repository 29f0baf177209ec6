"""What flavors' requests may hold."""

from controller.api.compute.schemas.common import FLAG, NAME, NUMBER, body
from controller.api.lists import PAGING, SORTING

_COUNT = NUMBER | {"minimum": 1}
_NONE_YET = {"enum": [0, "0", ""]}

CREATE = body(
    "flavor",
    {
        "name": NAME,
        "id": {
            "anyOf": [
                {"type": "null"},
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^[a-zA-Z0-9._\-]([a-zA-Z0-9._ \-]{0,253}[a-zA-Z0-9._\-])?$"},
            ]
        },
        "ram": _COUNT,
        "vcpus": _COUNT,
        "disk": NUMBER,
        "OS-FLV-EXT-DATA:ephemeral": _NONE_YET,
        "swap": _NONE_YET,
        "rxtx_factor": {
            "type": ["number", "string"],
            "pattern": r"^[0-9]{1,9}(\.[0-9]{1,9})?$",
            "exclusiveMinimum": 0,
            "maximum": 10**9,
        },
        "os-flavor-access:is_public": FLAG,
    },
    ("name", "ram", "vcpus", "disk"),
)
"""Ephemeral and swap disks are not made yet; asking for one is refused, not dropped."""

LIST = {
    "type": "object",
    "properties": PAGING
    | SORTING
    | {
        "is_public": {"enum": ["None", "none", "True", "true", "1", "False", "false", "0"]},
        "minRam": {"type": "integer", "minimum": 0},
        "minDisk": {"type": "integer", "minimum": 0},
    },
}
"""Query of both lists."""

_SPEC_NAME = r"^[a-zA-Z0-9\-_:. ]{1,255}$"
_SPEC_VALUE = {"type": ["string", "number"], "maxLength": 255}

SET_SPECS = {
    "type": "object",
    "properties": {
        "extra_specs": {
            "type": "object",
            "propertyNames": {"pattern": _SPEC_NAME},
            "additionalProperties": _SPEC_VALUE,
        }
    },
    "required": ["extra_specs"],
    "additionalProperties": False,
}

SET_SPEC = {
    "type": "object",
    "propertyNames": {"pattern": _SPEC_NAME},
    "additionalProperties": _SPEC_VALUE,
    "minProperties": 1,
    "maxProperties": 1,
}
