"""Projects: made by operators, listed by their members."""

from common import errors
from controller.admission.identity import CreateProject
from controller.api.http import Answer, Request, created, ok
from controller.api.identity.lists import QUERY, listed, matching
from controller.api.identity.schemas import projects as schemas
from controller.api.identity.views import projects as views
from controller.db import identity


def create(req: Request) -> Answer:
    """Make a project."""
    req.allow("identity:create_project")
    asked = req.json(schemas.CREATE)["project"]
    project = req.submit(
        CreateProject(
            name=asked["name"], description=asked.get("description") or "", enabled=asked.get("enabled", True)
        )
    )
    return created({"project": views.project(req, project)})


def show(req: Request) -> Answer:
    """Show a project; others' are hidden."""
    req.allow("identity:get_project", req.path["project_id"], hide=True)
    with req.read() as tx:
        project = identity.project(tx, req.path["project_id"])
    if project is None:
        raise errors.NotFound(f"there is no project {req.path['project_id']}")
    return ok({"project": views.project(req, project)})


def index(req: Request) -> Answer:
    """List all projects."""
    req.allow("identity:list_projects")
    query = req.query(QUERY)
    with req.read() as tx:
        found = matching(query, identity.projects(tx, query.get("name")))
    return listed(req, "projects", [views.project(req, p) for p in found])


def mine(req: Request) -> Answer:
    """List the projects that the caller may have a token for."""
    return _of(req, req.who.user_id, "auth/projects")


def of_user(req: Request) -> Answer:
    """List a user's projects."""
    user_id = req.path["user_id"]
    req.allow("identity:list_user_projects", user_id=user_id, hide=True)
    return _of(req, user_id, f"users/{user_id}/projects")


def _of(req: Request, user_id: str, path: str) -> Answer:
    with req.read() as tx:
        found = identity.projects_of(tx, user_id)
    return listed(req, "projects", [views.project(req, p) for p in found], path)
