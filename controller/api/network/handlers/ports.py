"""Ports."""

from typing import Any

from common import errors
from common.model.network import Port
from controller.admission.ports import CreatePorts, DeletePort
from controller.api.http import Answer, Request, nothing, ok
from controller.api.network.handlers.creates import answer, asked, owner
from controller.api.network.lists import EVERYONE, fields, listed
from controller.api.network.schemas import ports as schemas
from controller.api.network.views import ports as views
from controller.api.scope import scope
from controller.db import hosts, ports
from controller.db.engine import Tx
from controller.db.network_lists import all_ports

COLUMNS = {
    "id": "id",
    "name": "name",
    "network_id": "network_id",
    "device_id": "device_id",
    "device_owner": "device_owner",
    "mac_address": "mac",
    "project_id": "project_id",
    "tenant_id": "project_id",
    "description": "description",
    "admin_state_up": "admin_state_up",
    "status": "status",
    "fixed_ips.ip_address": "address",
    "fixed_ips.subnet_id": "subnet_id",
}


def index(req: Request) -> Answer:
    """List the ports of the caller's project."""
    return listed(req, "ports", schemas.LIST, COLUMNS, all_ports, lambda tx, found: _shown(req, tx, found))


def _shown(req: Request, tx: Tx, found: list[Port]) -> list[dict[str, Any]]:
    operator = req.services.policy.allows("network:ports:binding", req.who, {"project_id": ""})
    on = hosts.get(tx, [port.host_id for port in found if port.host_id]) if operator else None
    return [views.port(port, on) for port in found]


def show(req: Request) -> Answer:
    """Show a port."""
    req.allow("network:ports:read")
    wanted = req.query(schemas.LIST).get("fields")
    with req.read() as tx:
        port = ports.find(tx, req.path["port_id"], scope(req, EVERYONE))
        if port is None:
            raise errors.NotFound(f"Port {req.path['port_id']} could not be found.")
        return ok({"port": fields(_shown(req, tx, [port])[0], wanted)})


def create(req: Request) -> Answer:
    """Make one port or several."""
    req.allow("network:ports:write")
    body = req.json(schemas.CREATE)
    wishes = tuple(_wish(req, spec) for spec in asked(body, "port"))
    made = req.submit(CreatePorts(wishes=wishes, scope=scope(req, EVERYONE)))
    with req.read() as tx:
        return answer(body, "port", _shown(req, tx, made))


def _wish(req: Request, spec: dict[str, Any]) -> ports.PortWish:
    fixed: dict[str, str] = next(iter(spec.get("fixed_ips", [])), {})
    return ports.PortWish(
        network_id=spec["network_id"],
        project_id=owner(req, spec),
        subnet_id=fixed.get("subnet_id"),
        address=fixed.get("ip_address"),
        mac=spec["mac_address"].lower() if "mac_address" in spec else None,
        name=spec.get("name", ""),
        description=spec.get("description", ""),
    )


def delete(req: Request) -> Answer:
    """Delete a port."""
    req.allow("network:ports:write")
    req.submit(DeletePort(id=req.path["port_id"], project_id=scope(req, EVERYONE)))
    return nothing()
