"""Requests about users."""

from controller.api.identity.schemas.projects import DOMAIN_ID

CREATE = {
    "type": "object",
    "required": ["user"],
    "additionalProperties": False,
    "properties": {
        "user": {
            "type": "object",
            "required": ["name", "password"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 255},
                "password": {"type": "string", "minLength": 1, "maxLength": 512},
                "enabled": {"type": "boolean"},
                "domain_id": DOMAIN_ID,
                "options": {"type": "object", "maxProperties": 0},
            },
        }
    },
}

ASSIGNMENTS = {
    "type": "object",
    "properties": {"user.id": {"type": "string"}, "scope.project.id": {"type": "string"}},
}
