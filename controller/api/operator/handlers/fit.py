"""How many servers of a flavor would fit, where, and what binds: decided on the live ledger, claimed nowhere."""

from controller.api.http import Answer, Request, ok
from controller.api.operator import what_if
from controller.api.operator.schemas import what_if as schemas
from controller.api.operator.views import what_if as views
from controller.scheduler.fit import fit


def show(req: Request) -> Answer:
    """Say how many servers of a flavor would fit now, on which hosts, and why one more would not."""
    req.allow("operator:what_if")
    query = req.query(schemas.FIT)
    count = query.get("count", 1)
    with req.read() as tx:
        wanted = what_if.flavor(tx, query["flavor"])
        now = what_if.standing(req, tx)
        ask = what_if.ask(req, tx, wanted, now.zone(query.get("zone")))
    found = fit(now.fleet, ask, count, now.zones)
    hosts = {now.fleet.name(host): number for host, number in found.hosts.items()}
    return ok({"flavor": wanted.name, "count": count} | views.fit(found, hosts, len(now.fleet.hosts)))
