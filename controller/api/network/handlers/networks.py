"""Networks."""

from typing import Any

from common import errors
from common.model.network import Network
from controller.admission.networks import CreateNetworks, DeleteNetwork, NetworkSpec
from controller.api.http import Answer, Request, nothing, ok
from controller.api.network.handlers.creates import answer, asked, owner
from controller.api.network.lists import EVERYONE, fields, listed
from controller.api.network.schemas import networks as schemas
from controller.api.network.views import networks as views
from controller.api.scope import scope
from controller.db import networks, subnets
from controller.db.engine import Tx
from controller.db.network_lists import all_networks

COLUMNS = {
    "id": "id",
    "name": "name",
    "project_id": "project_id",
    "tenant_id": "project_id",
    "description": "description",
    "shared": "shared",
    "admin_state_up": "admin_state_up",
    "status": "status",
    "router:external": "external",
}


def index(req: Request) -> Answer:
    """List the networks that the caller sees."""
    return listed(req, "networks", schemas.LIST, COLUMNS, all_networks, _shown)


def _shown(tx: Tx, found: list[Network]) -> list[dict[str, Any]]:
    ranges = subnets.of_networks(tx, [network.id for network in found])
    return [views.network(network, ranges) for network in found]


def show(req: Request) -> Answer:
    """Show a network."""
    req.allow("network:networks:read")
    wanted = req.query(schemas.LIST).get("fields")
    with req.read() as tx:
        network = networks.find(tx, req.path["network_id"], scope(req, EVERYONE))
        if network is None:
            raise errors.NotFound(f"Network {req.path['network_id']} could not be found.")
        return ok({"network": fields(_shown(tx, [network])[0], wanted)})


def create(req: Request) -> Answer:
    """Make one network or several."""
    req.allow("network:networks:write")
    body = req.json(schemas.CREATE)
    specs = tuple(_spec(req, spec) for spec in asked(body, "network"))
    made = req.submit(CreateNetworks(specs=specs))
    return answer(body, "network", [views.network(network, {}) for network in made])


def _spec(req: Request, spec: dict[str, Any]) -> NetworkSpec:
    if spec.get("shared"):
        req.allow("network:networks:share")
    return NetworkSpec(
        project_id=owner(req, spec),
        name=spec.get("name", ""),
        description=spec.get("description", ""),
        mtu=spec.get("mtu", 1500),
        shared=spec.get("shared", False),
    )


def delete(req: Request) -> Answer:
    """Delete a network."""
    req.allow("network:networks:write")
    req.submit(DeleteNetwork(id=req.path["network_id"], project_id=scope(req, EVERYONE)))
    return nothing()
