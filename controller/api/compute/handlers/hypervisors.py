"""Hypervisors: the hosts and what they have."""

from collections import Counter, defaultdict
from typing import Any

from common import errors
from common.model.host import Host, HostState
from common.model.server import Server
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
        host = _numbered(tx, req.path["hypervisor"])
        return ok({"hypervisor": views.hypervisor_detail(host, _loads(tx, [host])[host.id])})


def _numbered(tx: Tx, number: str) -> Host:
    for host in hosts.listing(tx):
        if str(views.number(host)) == number:
            return host
    raise errors.NotFound(f"Compute host {number} could not be found.")


def uptime(req: Request) -> Answer:
    """Say how long a hypervisor is up, and its load, as it last told.

    :raises BadRequest: the host is down.
    :raises NotSupported: its agent has not told.
    """
    req.allow(RULE)
    with req.read() as tx:
        host = _numbered(tx, req.path["hypervisor"])
    if host.state is HostState.DOWN:
        raise errors.BadRequest(f"Compute service of {host.name} is unavailable at this time.")
    told = host.usage.get("uptime")
    if not told:
        raise errors.NotSupported(f"the agent of {host.name} has not told how long the host is up")
    return ok({"hypervisor": views.hypervisor(host) | {"uptime": told}})


def search(req: Request) -> Answer:
    """List the hypervisors whose name has this in it."""
    req.allow(RULE)
    with req.read() as tx:
        return ok({"hypervisors": [views.hypervisor(host) for host in _matching(tx, req.path["hypervisor"])]})


def servers_of(req: Request) -> Answer:
    """List the hypervisors whose name has this in it, with their servers."""
    req.allow(RULE)
    with req.read() as tx:
        found = _matching(tx, req.path["hypervisor"])
        on: defaultdict[str | None, list[Server]] = defaultdict(list)
        for server in servers.on_hosts(tx, [host.id for host in found]):
            on[server.host_id].append(server)
    return ok({"hypervisors": [views.hypervisor_servers(host, on[host.id]) for host in found]})


def _matching(tx: Tx, part: str) -> list[Host]:
    found = [host for host in hosts.listing(tx) if part in host.name]
    if not found:
        raise errors.NotFound(f"No hypervisor matching '{part}' could be found.")
    return found


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
    counts = servers.counts(tx, ids)
    return {id_: views.Load(stocks.get(id_, {}), counts.get(id_, 0)) for id_ in ids}
