"""Whose things a caller may touch."""

from controller.api.http import Request


def scope(req: Request, rule: str) -> str | None:
    """Give the project whose things the caller may touch; None where ``rule`` lets it touch everyone's.

    What is outside of it is never found, so that nobody learns that it is there.
    """
    return None if req.services.policy.allows(rule, req.who, {"project_id": ""}) else req.project_id
