"""Hypervisors: the hosts and what they have."""

from collections import Counter
from typing import Any

from common import errors
from common.model.host import Host
from controller.api.compute.views import hosts as views
from controller.api.http import Answer, Request, ok
from controller.db import hosts, ledger, servers
from controller.db.engine import Tx

RULE = "compute:hosts:read"


def index(req: Request) -> Answer:
    """List hypervisors by name."""
    req.allow(RULE)
    with req.read() as tx:
        return ok({"hypervisors": [views.hypervisor(host) for host in hosts.listing(tx)]})


def detail(req: Request) -> Answer:
    """List hypervisors whole."""
    req.allow(RULE)
    with req.read() as tx:
        found = hosts.listing(tx)
        loads = _loads(tx, found)
    return ok({"hypervisors": [views.hypervisor_detail(host, loads[host.id]) for host in found]})


def show(req: Request) -> Answer:
    """Show a hypervisor, by its number."""
    req.allow(RULE)
    with req.read() as tx:
        for host in hosts.listing(tx):
            if str(views.number(host)) == req.path["hypervisor_id"]:
                return ok({"hypervisor": views.hypervisor_detail(host, _loads(tx, [host])[host.id])})
    raise errors.NotFound(f"Compute host {req.path['hypervisor_id']} could not be found.")


def statistics(req: Request) -> Answer:
    """Add up what all enabled hypervisors have."""
    req.allow(RULE)
    with req.read() as tx:
        found = [host for host in hosts.listing(tx) if host.enabled]
        loads = _loads(tx, found)
    total: Counter[str] = Counter(views.sums(views.Load({}, 0)))
    for load in loads.values():
        total.update(views.sums(load))
    has = sum(int(str(host.inventory.get("disk_free_gib", 0))) for host in found)
    body: dict[str, Any] = dict(total) | {"count": len(found), "disk_available_least": has}
    return ok({"hypervisor_statistics": body})


def _loads(tx: Tx, found: list[Host]) -> dict[str, views.Load]:
    ids = [host.id for host in found]
    stocks = ledger.stocks(tx, ids)
    counts = Counter(server.host_id for server in servers.on_hosts(tx, ids))
    return {id_: views.Load(stocks.get(id_, {}), counts[id_]) for id_ in ids}
