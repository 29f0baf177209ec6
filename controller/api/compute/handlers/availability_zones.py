"""Availability zones: one, with all hosts."""

from typing import Any

from common.model.host import Host, HostState
from controller.api.compute.views import hosts as views
from controller.api.compute.views.servers import ZONE
from controller.api.http import Answer, Request, ok
from controller.db import hosts


def index(req: Request) -> Answer:
    """List zones."""
    req.allow("compute:zones:read")
    return _zones(req, lambda found: None)


def detail(req: Request) -> Answer:
    """List zones with their hosts, for operators."""
    req.allow("compute:hosts:read")
    return _zones(req, lambda found: {host.name: views.zone_service(host) for host in found})


def _zones(req: Request, shown: Any) -> Answer:
    with req.read() as tx:
        found = hosts.listing(tx)
    return ok({"availabilityZoneInfo": [{"zoneName": ZONE, "zoneState": _state(found), "hosts": shown(found)}]})


def _state(found: list[Host]) -> dict[str, bool]:
    return {"available": any(host.state is HostState.UP and host.enabled for host in found)}
