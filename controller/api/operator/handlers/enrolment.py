"""Hosts come, get new keys, and go."""

from contextlib import suppress

from common import errors
from controller.admission.hosts import DropCredentials, EnrollHost, RemoveHost, RotateHost
from controller.api.http import Answer, Request, created, nothing
from controller.api.operator.handlers.hosts import WRITE, named
from controller.api.operator.schemas import hosts as schemas
from controller.api.operator.views import hosts as views
from controller.db import credentials


def enroll(req: Request) -> Answer:
    """Make a host, its user of the broker's and its key; the answer has its settings file, once."""
    req.allow(WRITE)
    name = req.json(schemas.ENROLL)["name"]
    services = req.services
    id_ = services.world.ids()
    kit = services.enrolment.kit(id_, services.world.ids())
    host = services.writer.submit(
        EnrollHost(host_id=id_, name=name, credential_id=kit.id, broker_user=kit.user, key=kit.sealed)
    )
    try:
        services.enrolment.open(id_, kit)
    except errors.Unavailable:
        services.writer.submit(RemoveHost(host_id=id_))
        raise
    body = {"host": views.host(host), "settings": services.enrolment.settings(id_, name, kit)}
    return created(body, req.url(f"/toft/v1/hosts/{id_}"))


def rotate(req: Request) -> Answer:
    """Give a host one more credential; the old ones end after a grace period, or at once if so asked."""
    req.allow(WRITE)
    at_once = req.json(schemas.ROTATE).get("retire", False)
    services, host = req.services, named(req)
    kit = services.enrolment.kit(host.id, services.world.ids())
    with req.read() as tx:
        old = credentials.of_hosts(tx, [host.id]).get(host.id, [])
    grace = services.settings.bus.grace_seconds
    services.writer.submit(
        RotateHost(host_id=host.id, credential_id=kit.id, broker_user=kit.user, key=kit.sealed, grace=grace)
    )
    try:
        services.enrolment.open(host.id, kit)
    except errors.Unavailable:
        services.writer.submit(DropCredentials(ids=(kit.id,)))
        raise
    if at_once:
        _end(req, old)
    return created({"host": views.host(host), "settings": services.enrolment.settings(host.id, host.name, kit)})


def _end(req: Request, old: list[credentials.Credential]) -> None:
    for credential in old:
        if credential.broker_user:
            req.services.enrolment.broker.shut_out(credential.broker_user)
    req.services.writer.submit(DropCredentials(ids=tuple(c.id for c in old)))


def remove(req: Request) -> Answer:
    """Forget a host that has no servers, with its user of the broker's and its queue."""
    req.allow(WRITE)
    host, broker = named(req), req.services.enrolment.broker
    with req.read() as tx:
        users = credentials.users(tx, [host.id]).get(host.id, [])
    req.submit(RemoveHost(host_id=host.id))
    with suppress(errors.Unavailable):  # it is forgotten: what its user still says is dropped
        for user in users:
            broker.shut_out(user)
        broker.forget(host.id)
    return nothing()
