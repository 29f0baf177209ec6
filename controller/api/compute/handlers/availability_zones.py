"""Availability zones: hosts that an aggregate puts into one, and the default one of all others."""

from collections.abc import Callable, Sequence
from typing import Any

from common.model.aggregate import DEFAULT_ZONE
from common.model.host import Host, HostState
from controller.api.compute.views import hosts as views
from controller.api.http import Answer, Request, ok
from controller.db import aggregates, hosts


def index(req: Request) -> Answer:
    """List zones."""
    req.allow("compute:zones:read")
    return _zones(req, lambda found: None)


def detail(req: Request) -> Answer:
    """List zones with their hosts, for operators."""
    req.allow("compute:hosts:read")
    return _zones(req, lambda found: {host.name: views.zone_service(host) for host in found})


def _zones(req: Request, shown: Callable[[Sequence[Host]], Any]) -> Answer:
    """List each zone that has hosts; where there are no hosts at all, the default one."""
    with req.read() as tx:
        found, zoned = hosts.listing(tx), aggregates.zones(tx)
    inside: dict[str, list[Host]] = {} if found else {DEFAULT_ZONE: []}
    for host in found:
        inside.setdefault(aggregates.zone_of(zoned, host.id), []).append(host)
    listed = [
        {"zoneName": name, "zoneState": _state(some), "hosts": shown(some)} for name, some in sorted(inside.items())
    ]
    return ok({"availabilityZoneInfo": listed})


def _state(found: Sequence[Host]) -> dict[str, bool]:
    return {"available": any(host.state is HostState.UP and host.enabled for host in found)}
