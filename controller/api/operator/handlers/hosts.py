"""Hosts, as their operators see them."""

from collections import Counter

from controller.api.http import Answer, Request, ok
from controller.api.operator.views import hosts as views
from controller.db import hosts, servers

READ = "operator:hosts:read"


def index(req: Request) -> Answer:
    """List hosts by name, with how they are."""
    req.allow(READ)
    with req.read() as tx:
        found = hosts.listing(tx)
        counts = Counter(server.host_id for server in servers.on_hosts(tx, [host.id for host in found]))
    return ok({"hosts": [views.host(host, counts[host.id]) for host in found]})
