"""Services: one on each host, which operators enable and disable."""

from typing import Any

from common import errors
from controller.admission.services import EnableHost
from controller.api.compute.schemas import services as schemas
from controller.api.compute.views import hosts as views
from controller.api.http import Answer, Request, ok
from controller.db import aggregates, hosts

WRITE = "compute:hosts:write"


def index(req: Request) -> Answer:
    """List services, of one host or of one kind if asked."""
    req.allow("compute:hosts:read")
    query = req.query(schemas.LIST)
    with req.read() as tx:
        found, zoned = hosts.listing(tx), aggregates.zones(tx)
    shown = [views.service(host, aggregates.zone_of(zoned, host.id)) for host in found]
    return ok(
        {"services": [s for s in shown if all(s[name] == query.get(name, s[name]) for name in ("host", "binary"))]}
    )


def enable(req: Request) -> Answer:
    """Let a host take servers again."""
    req.allow(WRITE)
    body = req.json(schemas.SWITCH)
    return ok({"service": {"host": body["host"], "binary": body["binary"]} | _switch(req, body, True)})


def disable(req: Request) -> Answer:
    """Let a host take no more servers."""
    req.allow(WRITE)
    body = req.json(schemas.SWITCH)
    return ok({"service": {"host": body["host"], "binary": body["binary"]} | _switch(req, body, False)})


def disable_with_reason(req: Request) -> Answer:
    """Let a host take no more servers, and say why."""
    req.allow(WRITE)
    body = req.json(schemas.SWITCH_REASON)
    reason = {"disabled_reason": body["disabled_reason"]}
    return ok({"service": {"host": body["host"], "binary": body["binary"]} | _switch(req, body, False) | reason})


def _switch(req: Request, body: dict[str, Any], enabled: bool) -> dict[str, str]:
    if body["binary"] != views.BINARY:
        raise errors.NotFound(f"Service {body['binary']} on host {body['host']} could not be found.")
    change = EnableHost(name=body["host"], enabled=enabled, reason=body.get("disabled_reason", ""))
    return {"status": views.status(req.submit(change))}
