"""Server groups: servers that their tenant wants on one host, or on several."""

from common import errors
from controller.admission.server_groups import CreateGroup, DeleteGroup, missing
from controller.api.compute.schemas import server_groups as schemas
from controller.api.compute.schemas.common import flag
from controller.api.compute.views import server_groups as views
from controller.api.http import Answer, Request, nothing, ok
from controller.api.scope import scope
from controller.db import groups

READ, WRITE, EVERYONE = "compute:server_groups:read", "compute:server_groups:write", "compute:everyone"


def index(req: Request) -> Answer:
    """List the project's server groups; operators may ask for those of all projects."""
    req.allow(READ)
    query = req.query(schemas.LIST)
    whose = scope(req, EVERYONE) if flag(query.get("all_projects", "false") or "true") else req.project_id
    longest = req.services.settings.api.page
    with req.read() as tx:
        found = groups.listing(tx, whose, min(query.get("limit", longest), longest), query.get("offset", 0))
        members = groups.members(tx, [group.id for group in found])
    return ok({"server_groups": [views.detail(group, members.get(group.id, ())) for group in found]})


def show(req: Request) -> Answer:
    """Show a server group with its members."""
    req.allow(READ)
    id_, whose = req.path["group_id"], scope(req, EVERYONE)
    with req.read() as tx:
        group = groups.get(tx, [id_]).get(id_)
        if group is None or whose not in (None, group.project_id):
            raise missing(id_)
        return ok({"server_group": views.detail(group, groups.members(tx, [id_]).get(id_, ()))})


def create(req: Request) -> Answer:
    """Make a server group."""
    req.allow(WRITE)
    body = req.json(schemas.CREATE)["server_group"]
    policy = body["policy"] if "policy" in body else body["policies"][0]
    rules = body.get("rules", {})
    if rules and policy != "anti-affinity":
        raise errors.BadRequest(f"rules: only the policy anti-affinity has any, not {policy}")
    group = req.submit(
        CreateGroup(
            project_id=req.project_id,
            user_id=req.who.user_id,
            name=body["name"],
            policy=policy,
            limit=int(rules.get("max_server_per_host", 1)),
        )
    )
    return ok({"server_group": views.detail(group, ())})


def delete(req: Request) -> Answer:
    """Delete a server group; its servers go on without it."""
    req.allow(WRITE)
    req.submit(DeleteGroup(id=req.path["group_id"], project_id=scope(req, EVERYONE)))
    return nothing()
