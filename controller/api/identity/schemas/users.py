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

NO_ASSIGNMENTS = frozenset({"group.id", "scope.domain.id", "scope.system", "scope.OS-INHERIT:inherited_to"})
"""Filters for kinds of assignments that there are none of."""

_ASSIGNMENT_FILTERS = ("user.id", "scope.project.id", "role.id", "include_names", *NO_ASSIGNMENTS)
ASSIGNMENTS = {"type": "object", "properties": {name: {"type": "string"} for name in _ASSIGNMENT_FILTERS}}
