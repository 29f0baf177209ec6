"""Tokens and the catalog as clients read them."""

from typing import Any

from common.clock import wire_time
from common.model.identity import DEFAULT_DOMAIN, Project
from controller.api.auth import Session
from controller.api.http import Request

DOMAIN = {"id": DEFAULT_DOMAIN, "name": "Default"}
REGION = "RegionOne"
ENDPOINTS = (
    ("identity", "keystone", "/identity"),
    ("image", "glance", "/image"),
    ("compute", "nova", "/compute/v2.1"),
    ("network", "neutron", "/network"),
    ("toft", "toft", "/toft/v1"),
)
"""(type, name, path) of each service; names are those that clients expect."""


def catalog(req: Request) -> list[dict[str, Any]]:
    """List services and where they are; the same address for all three interfaces."""
    return [
        {
            "type": kind,
            "name": name,
            "id": name,
            "endpoints": [
                {
                    "id": f"{name}-{interface}",
                    "interface": interface,
                    "region": REGION,
                    "region_id": REGION,
                    "url": req.url(path),
                }
                for interface in ("public", "internal", "admin")
            ],
        }
        for kind, name, path in ENDPOINTS
    ]


def project(of: Project) -> dict[str, Any]:
    """Show a token's project."""
    return {"id": of.id, "name": of.name, "domain": DOMAIN}


def token(req: Request, session: Session, with_catalog: bool) -> dict[str, Any]:
    """Show a token: whose, for which project, until when; the catalog only where there is a project."""
    who = session.who
    shown: dict[str, Any] = {
        "methods": list(session.token.methods),
        "user": {"id": who.user_id, "name": who.user_name, "domain": DOMAIN, "password_expires_at": None},
        "audit_ids": list(session.token.audit_ids),
        "issued_at": wire_time(who.issued_at).replace("Z", ".000000Z"),
        "expires_at": wire_time(who.expires_at).replace("Z", ".000000Z"),
    }
    if session.project is not None:
        shown["project"] = project(session.project)
        shown["is_domain"] = False
        shown["roles"] = [{"id": role, "name": role} for role in session.roles]
        if with_catalog:
            shown["catalog"] = catalog(req)
    return {"token": shown}
