"""Aggregates: hosts that operators put together."""

from common.model.aggregate import ZONE, Aggregate
from controller.admission.aggregates import (
    AddHost,
    CreateAggregate,
    DeleteAggregate,
    RemoveHost,
    UpdateAggregate,
    missing,
)
from controller.api.compute.schemas import aggregates as schemas
from controller.api.compute.views import aggregates as views
from controller.api.http import Answer, Request, ok
from controller.db import aggregates, hosts
from controller.db.engine import Tx
from controller.writer import Change

READ, WRITE = "compute:aggregates:read", "compute:aggregates:write"


def index(req: Request) -> Answer:
    """List aggregates."""
    req.allow(READ)
    with req.read() as tx:
        found = aggregates.all(tx)
        names = _names(tx, found)
    return ok({"aggregates": [views.detail(made, names) for made in found]})


def show(req: Request) -> Answer:
    """Show an aggregate, by its number."""
    req.allow(READ)
    with req.read() as tx:
        found = aggregates.find(tx, _number(req))
        if found is None:
            raise missing(req.path["aggregate_id"])
        return ok({"aggregate": views.detail(found, _names(tx, [found]))})


def create(req: Request) -> Answer:
    """Make an aggregate; with a zone, one that makes an availability zone of its hosts."""
    req.allow(WRITE)
    body = req.json(schemas.CREATE)["aggregate"]
    made = req.submit(CreateAggregate(name=body["name"], zone=body.get("availability_zone")))
    return ok({"aggregate": views.brief(made)})


def update(req: Request) -> Answer:
    """Give an aggregate another name or zone."""
    req.allow(WRITE)
    body = req.json(schemas.UPDATE)["aggregate"]
    zone = {ZONE: body["availability_zone"]} if "availability_zone" in body else {}
    return _changed(req, UpdateAggregate(number=_number(req), name=body.get("name"), metadata=zone))


def delete(req: Request) -> Answer:
    """Delete an aggregate that has no hosts."""
    req.allow(WRITE)
    req.submit(DeleteAggregate(number=_number(req)))
    return ok(None)


def act(req: Request) -> Answer:
    """Put a host into an aggregate or take it out, or change the aggregate's metadata."""
    req.allow(WRITE)
    ((action, said),) = req.json(schemas.ACTION).items()
    if action == "set_metadata":
        return _changed(req, UpdateAggregate(number=_number(req), metadata=said["metadata"]))
    kind = AddHost if action == "add_host" else RemoveHost
    return _changed(req, kind(number=_number(req), host=said["host"]))


def _changed(req: Request, change: Change[Aggregate]) -> Answer:
    after = req.submit(change)
    with req.read() as tx:
        names = _names(tx, [after])
    return ok({"aggregate": views.detail(after, names)})


def _names(tx: Tx, found: list[Aggregate]) -> dict[str, str]:
    return hosts.names(tx, {host for made in found for host in made.hosts})


def _number(req: Request) -> int:
    """Read the aggregate's number; openstackclient asks for names too, and looks on at 404."""
    text = req.path["aggregate_id"]
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise missing(text)
    return int(text)
