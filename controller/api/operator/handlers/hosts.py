"""Hosts, as their operators see and switch them."""

from common.model.host import Host
from controller.admission.hosts import ApproveHost, UnmuteHost, find
from controller.admission.services import EnableHost
from controller.api.http import Answer, Request, ok
from controller.api.operator.schemas import hosts as schemas
from controller.api.operator.views import hosts as views
from controller.db import credentials, hosts, ledger, servers

READ, WRITE = "operator:hosts:read", "operator:hosts:write"


def index(req: Request) -> Answer:
    """List hosts by name, with how they are; those that were never heard, too."""
    req.allow(READ)
    with req.read() as tx:
        found = hosts.enrolled(tx)
        living = servers.counts(tx, [host.id for host in found])
        unknown = hosts.stranger_counts(tx)
    return ok({"hosts": [views.host(host, living.get(host.id, 0), unknown.get(host.id, 0)) for host in found]})


def show(req: Request) -> Answer:
    """Show a host, by name or id, with its credentials and what it has."""
    req.allow(READ)
    with req.read() as tx:
        host = find(tx, req.path["host"])
        living, unknown = servers.counts(tx, [host.id]).get(host.id, 0), hosts.quarantine(tx, host.id)
        mine = credentials.of_hosts(tx, [host.id]).get(host.id, [])
        stocks = ledger.stocks(tx, [host.id]).get(host.id, {})
    shown = views.host(host, living, len(unknown)) | views.details(host, mine, stocks)
    return ok({"host": shown | {"quarantine": [views.stranger(each, host.name) for each in unknown]}})


def strangers(req: Request) -> Answer:
    """List domains that are on hosts and are none of ours, of one host or of all."""
    req.allow(READ)
    asked = req.query(schemas.STRANGERS).get("host")
    with req.read() as tx:
        found = hosts.quarantine(tx, find(tx, asked).id if asked else None)
        names = {id_: host.name for id_, host in hosts.get(tx, {each.host_id for each in found}).items()}
    return ok({"quarantine": [views.stranger(each, names[each.host_id]) for each in found]})


def enable(req: Request) -> Answer:
    """Let a host take new servers again."""
    return _switch(req, enabled=True)


def disable(req: Request) -> Answer:
    """Let a host take no new servers, and say why."""
    return _switch(req, enabled=False)


def _switch(req: Request, *, enabled: bool) -> Answer:
    req.allow(WRITE)
    reason = req.json(schemas.NOTHING if enabled else schemas.DISABLE).get("reason", "")
    return _shown(req.submit(EnableHost(name=named(req).name, enabled=enabled, reason=reason)))


def unmute(req: Request) -> Answer:
    """Let a host speak again that said too much."""
    req.allow(WRITE)
    req.json(schemas.NOTHING)
    host = named(req)
    with req.read() as tx:
        users = credentials.users(tx, [host.id]).get(host.id, [])
    for user in users:
        req.services.enrolment.broker.unmute(host.id, user)
    return _shown(req.submit(UnmuteHost(host_id=host.id)))


def approve(req: Request) -> Answer:
    """Believe what a host reports to have, however much that is."""
    req.allow(WRITE)
    req.json(schemas.NOTHING)
    return _shown(req.submit(ApproveHost(host_id=named(req).id)))


def named(req: Request) -> Host:
    """Give the host that the path names.

    :raises NotFound: there is none.
    """
    with req.read() as tx:
        return find(tx, req.path["host"])


def _shown(host: Host) -> Answer:
    return ok({"host": views.host(host)})
