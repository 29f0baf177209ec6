"""Requests about projects."""

_NAME = {"type": "string", "minLength": 1, "maxLength": 64}
DOMAIN_ID = {"enum": ["default"]}

CREATE = {
    "type": "object",
    "required": ["project"],
    "additionalProperties": False,
    "properties": {
        "project": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {
                "name": _NAME,
                "description": {"type": ["string", "null"], "maxLength": 65535},
                "enabled": {"type": "boolean"},
                "domain_id": DOMAIN_ID,
                "parent_id": {"enum": ["default", None]},
                "is_domain": {"enum": [False]},
                "tags": {"type": "array", "maxItems": 0},
                "options": {"type": "object", "maxProperties": 0},
            },
        }
    },
}
