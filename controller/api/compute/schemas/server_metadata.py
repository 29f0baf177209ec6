"""What requests of servers' metadata may hold."""

from controller.api.compute.schemas.common import METADATA


def _only(name: str, schema: dict[str, object]) -> dict[str, object]:
    return {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}


SET = _only("metadata", METADATA)
SET_ONE = _only("meta", METADATA | {"minProperties": 1, "maxProperties": 1})
