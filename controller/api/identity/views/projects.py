"""Projects as clients read them."""

from typing import Any

from common.model.identity import Project
from controller.api.http import Request


def project(req: Request, of: Project) -> dict[str, Any]:
    """Show a project."""
    return {
        "id": of.id,
        "name": of.name,
        "description": of.description,
        "enabled": of.enabled,
        "domain_id": of.domain_id,
        "parent_id": of.domain_id,
        "is_domain": False,
        "tags": [],
        "options": {},
        "links": {"self": req.url(f"/identity/v3/projects/{of.id}")},
    }
