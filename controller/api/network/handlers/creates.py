"""What creates of Network share: one thing or several, and whose they are to be."""

from typing import Any

from common import errors
from controller.api.http import Answer, Request, created
from controller.api.network.lists import EVERYONE
from controller.api.scope import scope


def asked(body: dict[str, Any], noun: str) -> list[dict[str, Any]]:
    """Give the things that a create asks for, in either form."""
    return body[f"{noun}s"] if f"{noun}s" in body else [body[noun]]


def answer(body: dict[str, Any], noun: str, shown: list[dict[str, Any]]) -> Answer:
    """Answer a create in the form in which it came."""
    return created({f"{noun}s": shown} if f"{noun}s" in body else {noun: shown[0]})


def owner(req: Request, spec: dict[str, Any]) -> str:
    """Give the project that a new thing is to belong to.

    :raises Forbidden: it is another than the caller's, who is no operator.
    """
    project: str = spec.get("project_id") or spec.get("tenant_id") or req.project_id
    if scope(req, EVERYONE) not in (None, project):
        raise errors.Forbidden("only operators make things for other projects")
    return project
