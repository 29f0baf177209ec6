"""Users, roles and domains as clients read them."""

from collections.abc import Mapping
from typing import Any

from common.model.identity import DEFAULT_DOMAIN, Grant, User
from controller.api.http import Request


def user(req: Request, of: User) -> dict[str, Any]:
    """Show a user, without anything of the password."""
    return {
        "id": of.id,
        "name": of.name,
        "enabled": of.enabled,
        "domain_id": of.domain_id,
        "password_expires_at": None,
        "options": {},
        "links": {"self": req.url(f"/identity/v3/users/{of.id}")},
    }


def role(req: Request, name: str) -> dict[str, Any]:
    """Show a role; its id is its name."""
    return {
        "id": name,
        "name": name,
        "domain_id": None,
        "description": None,
        "options": {},
        "links": {"self": req.url(f"/identity/v3/roles/{name}")},
    }


def domain(req: Request) -> dict[str, Any]:
    """Show the only domain."""
    return {
        "id": DEFAULT_DOMAIN,
        "name": "Default",
        "description": "",
        "enabled": True,
        "tags": [],
        "options": {},
        "links": {"self": req.url(f"/identity/v3/domains/{DEFAULT_DOMAIN}")},
    }


def assignment(req: Request, grant: Grant, names: Mapping[str, str] | None) -> dict[str, Any]:
    """Show who has which role where, and with ``names``, which are by id, what user and project are called."""
    path = f"/identity/v3/projects/{grant.project_id}/users/{grant.user_id}/roles/{grant.role}"

    def known(identity: str) -> dict[str, Any]:
        named = {"name": names[identity], "domain": {"id": DEFAULT_DOMAIN, "name": "Default"}} if names else {}
        return {"id": identity} | named

    return {
        "role": {"id": grant.role} | ({"name": grant.role} if names else {}),
        "user": known(grant.user_id),
        "scope": {"project": known(grant.project_id)},
        "links": {"assignment": req.url(path)},
    }
