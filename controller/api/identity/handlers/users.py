"""Users, their roles, and the only domain."""

from typing import Any

from common import errors
from common.model.identity import DEFAULT_DOMAIN
from controller.admission.identity import ROLES, CreateUser, GrantRole, TakeRole
from controller.api.http import Answer, Request, created, nothing, ok
from controller.api.identity.lists import QUERY, listed, matching
from controller.api.identity.schemas import users as schemas
from controller.api.identity.views import users as views
from controller.db import identity
from controller.db.engine import Tx


def create(req: Request) -> Answer:
    """Make a user."""
    req.allow("identity:create_user")
    asked = req.json(schemas.CREATE)["user"]
    hashed = req.services.passwords.hash(asked["password"])
    user = req.submit(CreateUser(name=asked["name"], password_hash=hashed, enabled=asked.get("enabled", True)))
    return created({"user": views.user(req, user)})


def show(req: Request) -> Answer:
    """Show a user; others are hidden."""
    req.allow("identity:get_user", user_id=req.path["user_id"], hide=True)
    with req.read() as tx:
        user = identity.user(tx, req.path["user_id"])
    if user is None:
        raise errors.NotFound(f"there is no user {req.path['user_id']}")
    return ok({"user": views.user(req, user)})


def index(req: Request) -> Answer:
    """List all users."""
    req.allow("identity:list_users")
    query = req.query(QUERY)
    with req.read() as tx:
        found = matching(query, identity.users(tx, query.get("name")))
    return listed(req, "users", [views.user(req, u) for u in found])


def domains(req: Request) -> Answer:
    """List domains: there is one."""
    name = req.query({"type": "object"}).get("name", "Default")
    return listed(req, "domains", [views.domain(req)] if name == "Default" else [])


def domain(req: Request) -> Answer:
    """Show the domain."""
    if req.path["domain_id"] != DEFAULT_DOMAIN:
        raise errors.NotFound(f"there is no domain {req.path['domain_id']}; there is {DEFAULT_DOMAIN}")
    return ok({"domain": views.domain(req)})


def roles(req: Request) -> Answer:
    """List the roles that there are."""
    name = req.query({"type": "object"}).get("name")
    return listed(req, "roles", [views.role(req, role) for role in ROLES if name in (None, role)])


def role(req: Request) -> Answer:
    """Show a role."""
    if req.path["role_id"] not in ROLES:
        raise errors.NotFound(f"there is no role {req.path['role_id']}; there are {', '.join(ROLES)}")
    return ok({"role": views.role(req, req.path["role_id"])})


def _grant(req: Request) -> dict[str, Any]:
    return {"user_id": req.path["user_id"], "project_id": req.path["project_id"], "role": req.path["role_id"]}


def grant(req: Request) -> Answer:
    """Give a user a role in a project."""
    req.allow("identity:create_grant")
    req.submit(GrantRole(**_grant(req)))
    return nothing()


def ungrant(req: Request) -> Answer:
    """Take a role in a project away from a user."""
    req.allow("identity:revoke_grant")
    req.submit(TakeRole(**_grant(req)))
    return nothing()


def granted(req: Request) -> Answer:
    """Say whether a user has a role in a project."""
    req.allow("identity:check_grant")
    with req.read() as tx:
        if req.path["role_id"] not in identity.roles(tx, req.path["user_id"], req.path["project_id"]):
            raise errors.NotFound("the user does not have that role in that project")
    return nothing()


def assignments(req: Request) -> Answer:
    """List who has which role where."""
    query = req.query(schemas.ASSIGNMENTS)
    req.allow("identity:list_role_assignments")
    user, project, role_id = (query.get(name) for name in ("user.id", "scope.project.id", "role.id"))
    with req.read() as tx:
        found = identity.grants(tx, user_id=user, project_id=project, role=role_id)
        names = _names(tx) if query.get("include_names", "0").lower() not in ("0", "false") else None
    kept = [] if schemas.NO_ASSIGNMENTS & query.keys() else found
    return listed(req, "role_assignments", [views.assignment(req, each, names) for each in kept])


def _names(tx: Tx) -> dict[str, str]:
    """Give the names of all users and projects, by id."""
    users = {user.id: user.name for user in identity.users(tx)}
    return users | {project.id: project.name for project in identity.projects(tx)}
