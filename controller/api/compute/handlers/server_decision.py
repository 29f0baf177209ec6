"""Why a server went to its host, or found none: Toft's own addition to Compute."""

from controller.api.compute.handlers.servers import found_server
from controller.api.compute.views import decisions as views
from controller.api.http import Answer, Request, ok
from controller.db import decisions, hosts


def show(req: Request) -> Answer:
    """Show how the scheduler decided on a server, the latest first; hosts' names for operators only; Toft's own."""
    req.allow("compute:servers:read")
    operator = req.services.policy.allows("compute:host_fields", req.who, {"project_id": ""})
    with req.read() as tx:
        server = found_server(req, tx)
        made = decisions.of_server(tx, server.id)
        names = hosts.names(tx, {one.host_id for one in made if one.host_id}) if operator else None
    told = {"id": server.id, "name": server.name, "status": server.state.value}
    return ok({"server": told, "decisions": [views.decision(one, names) for one in reversed(made)]})
