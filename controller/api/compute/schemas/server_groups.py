"""What server groups' requests may hold."""

from typing import Any

from common.model.server_group import POLICIES
from controller.api.compute.schemas.common import FLAG, NAME, body

_POLICY = {"enum": list(POLICIES)}
_COUNT = {"type": ["integer", "string"], "pattern": "^[1-9][0-9]{0,5}$", "minimum": 1, "maximum": 999999}

CREATE = body(
    "server_group",
    {
        "name": NAME,
        "policies": {"type": "array", "items": _POLICY, "minItems": 1, "maxItems": 1},
        "policy": _POLICY,
        "rules": {
            "type": "object",
            "properties": {"max_server_per_host": _COUNT},
            "additionalProperties": False,
        },
    },
    ("name",),
)
"""The policy in a list of one, as at 2.1, or as later clients write it, with rules."""
CREATE["properties"]["server_group"]["oneOf"] = [{"required": ["policies"]}, {"required": ["policy"]}]

LIST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "all_projects": {"anyOf": [FLAG, {"const": ""}]},
        "limit": {"type": "integer", "minimum": 0},
        "offset": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    },
}
