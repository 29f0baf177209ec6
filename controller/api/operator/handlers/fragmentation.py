"""Fragmentation: what of each flavor could still land, on the fleet and on each host."""

from controller.api.http import Answer, Request, ok
from controller.api.operator import what_if
from controller.api.operator.schemas import what_if as schemas
from controller.api.operator.views import what_if as views
from controller.db import flavors
from controller.db.paging import Page
from controller.scheduler.landing import landing

MOST = 20
"""Flavors that one answer tells of."""


def show(req: Request) -> Answer:
    """Show how many servers of each flavor could land, and how many the free amounts would hold in one piece."""
    req.allow("operator:what_if")
    query = req.query(schemas.FRAGMENTATION)
    with req.read() as tx:
        if named := query.get("flavor"):
            wanted = [what_if.flavor(tx, one) for one in named[:MOST]]
        else:
            wanted = flavors.listing(tx, Page(limit=MOST), public=None).records
        now = what_if.standing(req, tx)
        asks = {one.name: what_if.ask(req, tx, one) for one in wanted}
    found = {name: landing(now.fleet, ask.demand) for name, ask in asks.items()}
    hosts = {now.fleet.name(host): now.fleet.view(host) for host in now.fleet.hosts}
    only = query.get("host")
    return ok(views.fragmentation(found, [view for name, view in hosts.items() if only in (None, name)]))
