"""What lists of Identity share: the filters of projects and users, and the form of the answer."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from common.model.identity import Project, User
from controller.api.http import Answer, Request, ok

T = TypeVar("T", Project, User)

QUERY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "domain_id": {"type": "string"},
        "enabled": {"type": "boolean"},
    },
}
"""Query parameters of the lists of projects and users."""


def matching(query: Mapping[str, Any], found: Sequence[T]) -> list[T]:
    """Keep those that the query asks for, beyond their name."""
    return [
        one
        for one in found
        if one.enabled == query.get("enabled", one.enabled) and one.domain_id == query.get("domain_id", one.domain_id)
    ]


def listed(req: Request, noun: str, shown: list[dict[str, Any]], path: str | None = None) -> Answer:
    """Answer a list, whole, with its own address: ``path`` below Identity's root, or the noun's."""
    return ok({noun: shown, "links": {"self": req.url(f"/identity/v3/{path or noun}")}})
