"""Requests for a token."""

_NAME = {"type": "string", "minLength": 1, "maxLength": 255}
_DOMAIN = {
    "type": "object",
    "properties": {"id": _NAME, "name": _NAME},
    "anyOf": [{"required": ["id"]}, {"required": ["name"]}],
}
_PASSWORD = {
    "type": "object",
    "required": ["user"],
    "properties": {
        "user": {
            "type": "object",
            "required": ["password"],
            "properties": {
                "id": _NAME,
                "name": _NAME,
                "domain": _DOMAIN,
                "password": {"type": "string", "maxLength": 1024},
            },
            "anyOf": [{"required": ["id"]}, {"required": ["name", "domain"]}],
        }
    },
}
_TOKEN = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "maxLength": 4096}}}
_SCOPE = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {
                "project": {
                    "type": "object",
                    "properties": {"id": _NAME, "name": _NAME, "domain": _DOMAIN},
                    "anyOf": [{"required": ["id"]}, {"required": ["name", "domain"]}],
                },
                "domain": {"type": "object"},
                "system": {"type": "object"},
            },
        },
    ]
}

CREATE = {
    "type": "object",
    "required": ["auth"],
    "properties": {
        "auth": {
            "type": "object",
            "required": ["identity"],
            "properties": {
                "identity": {
                    "type": "object",
                    "required": ["methods"],
                    "properties": {
                        "methods": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 1,
                            "items": {"enum": ["password", "token"]},
                        },
                        "password": _PASSWORD,
                        "token": _TOKEN,
                    },
                    "anyOf": [{"required": ["password"]}, {"required": ["token"]}],
                },
                "scope": _SCOPE,
            },
        }
    },
}

QUERY = {"type": "object", "properties": {"nocatalog": {"type": "string"}, "allow_expired": {"type": "string"}}}
