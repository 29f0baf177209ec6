"""What aggregates' requests may hold."""

from controller.admission.aggregates import ITEMS
from controller.api.compute.schemas.common import METADATA, NAME, body

ZONE = NAME | {"pattern": r"^[^\s:\p{Cc}]([^:\p{Cc}]*[^\s:\p{Cc}])?$"}
"""A zone's name; without a colon, which parts it from a host's."""

_MAY_BE_ZONE = {"anyOf": [{"type": "null"}, ZONE]}

CREATE = body("aggregate", {"name": NAME, "availability_zone": _MAY_BE_ZONE}, ("name",))
UPDATE = body("aggregate", {"name": NAME, "availability_zone": ZONE}, ())
UPDATE["properties"]["aggregate"]["minProperties"] = 1

_HOST = {
    "type": "object",
    "properties": {"host": {"type": "string", "minLength": 1, "maxLength": 255}},
    "required": ["host"],
    "additionalProperties": False,
}
_METADATA = METADATA | {
    "properties": {"availability_zone": _MAY_BE_ZONE},
    "additionalProperties": METADATA["additionalProperties"] | {"type": ["string", "null"]},
    "maxProperties": ITEMS,
}

ACTION = {
    "type": "object",
    "properties": {
        "add_host": _HOST,
        "remove_host": _HOST,
        "set_metadata": {
            "type": "object",
            "properties": {"metadata": _METADATA},
            "required": ["metadata"],
            "additionalProperties": False,
        },
    },
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}
"""An item of metadata that is null goes."""
