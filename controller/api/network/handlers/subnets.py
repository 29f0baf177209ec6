"""Subnets."""

from typing import Any

from common import errors
from common.model.network import Subnet
from controller.admission.subnets import CreateSubnets, DeleteSubnet, SubnetSpec
from controller.api.http import Answer, Request, nothing, ok
from controller.api.network.handlers.creates import answer, asked, owner
from controller.api.network.lists import EVERYONE, fields, listed
from controller.api.network.schemas import subnets as schemas
from controller.api.network.views import subnets as views
from controller.api.scope import scope
from controller.db import subnets
from controller.db.engine import Tx
from controller.db.network_lists import all_subnets

COLUMNS = {
    "id": "id",
    "name": "name",
    "network_id": "network_id",
    "project_id": "project_id",
    "tenant_id": "project_id",
    "cidr": "cidr",
    "gateway_ip": "gateway_ip",
    "description": "description",
    "enable_dhcp": "enable_dhcp",
    "ip_version": "ip_version",
}


def index(req: Request) -> Answer:
    """List the subnets that the caller sees."""
    return listed(req, "subnets", schemas.LIST, COLUMNS, all_subnets, _shown)


def _shown(_tx: Tx, found: list[Subnet]) -> list[dict[str, Any]]:
    return [views.subnet(subnet) for subnet in found]


def show(req: Request) -> Answer:
    """Show a subnet."""
    req.allow("network:subnets:read")
    wanted = req.query(schemas.LIST).get("fields")
    with req.read() as tx:
        subnet = subnets.find(tx, req.path["subnet_id"], scope(req, EVERYONE))
    if subnet is None:
        raise errors.NotFound(f"Subnet {req.path['subnet_id']} could not be found.")
    return ok({"subnet": fields(views.subnet(subnet), wanted)})


def create(req: Request) -> Answer:
    """Make one subnet or several."""
    req.allow("network:subnets:write")
    body = req.json(schemas.CREATE)
    specs = tuple(_spec(req, spec) for spec in asked(body, "subnet"))
    made = req.submit(CreateSubnets(specs=specs, project_id=scope(req, EVERYONE)))
    return answer(body, "subnet", [views.subnet(subnet) for subnet in made])


def _spec(req: Request, spec: dict[str, Any]) -> SubnetSpec:
    owner(req, spec)  # a subnet is its network's owner's; naming another project is refused
    if str(spec.get("ip_version", 4)) != "4":
        raise errors.BadRequest("ip_version 6: only IPv4 is supported yet")
    pools = spec.get("allocation_pools")
    return SubnetSpec(
        network_id=spec["network_id"],
        cidr=spec["cidr"],
        name=spec.get("name", ""),
        description=spec.get("description", ""),
        gateway_ip=spec.get("gateway_ip", ""),
        pools=tuple((pool["start"], pool["end"]) for pool in pools) if pools else None,
        dns_nameservers=tuple(spec.get("dns_nameservers", ())),
        enable_dhcp=spec.get("enable_dhcp", True),
    )


def delete(req: Request) -> Answer:
    """Delete a subnet."""
    req.allow("network:subnets:write")
    req.submit(DeleteSubnet(id=req.path["subnet_id"], project_id=scope(req, EVERYONE)))
    return nothing()
