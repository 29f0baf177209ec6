"""All that goes on, on one page: what ``toft top`` shows."""

from controller.api.http import Answer, Request, ok
from controller.api.operator.views import overview as views
from controller.db import controllers, sight


def show(req: Request) -> Answer:
    """Show queues, live workflows by step, rates, controllers, and the hosts that want a look first."""
    req.allow("operator:overview")
    now = req.services.world.clock.now()
    with req.read() as tx:
        hosts = sight.hosts(tx)
        page = {
            "at": views.moment(now),
            "controllers": [views.controller(found, now) for found in controllers.listing(tx)],
            "leases": [views.lease(found, now) for found in sight.leases(tx)],
            "queues": {name: views.queue(sight.waiting(tx, name), now) for name in ("outbox", "notification")},
            "workflows": [views.group(found, now) for found in sight.groups(tx)],
            "rates": views.rates(sight.ended(tx, now)),
            "servers": sight.servers(tx),
            "quarantined": sight.strangers(tx),
            "hosts": {
                "states": sight.host_states(tx),
                "listed": views.hosts(hosts, sight.servers_on(tx, [host.id for host in hosts]), now),
            },
        }
    return ok(page)
