"""Hosts come, get new keys, and go.

The tables and the broker have no transaction in common. What comes is in the tables first, and what goes leaves the
broker first: so nothing is valid that the tables do not know of, and what broke half way can be asked for again.
"""

from contextlib import suppress
from typing import Any

from common import errors
from controller.admission.hosts import (
    DropCredentials,
    EnrollHost,
    RemoveHost,
    RetireCredentials,
    RotateHost,
    refuse_living,
)
from controller.api.http import Answer, Request, created, nothing
from controller.api.operator.handlers.hosts import WRITE, named
from controller.api.operator.schemas import hosts as schemas
from controller.api.operator.views import hosts as views
from controller.db import credentials
from controller.enrolment import Kit
from controller.writer import Change


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
    _open(req, id_, kit, RemoveHost(host_id=id_))
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
    services.writer.submit(RotateHost(host_id=host.id, credential_id=kit.id, broker_user=kit.user, key=kit.sealed))
    _open(req, host.id, kit, DropCredentials(ids=(kit.id,)))
    grace = services.settings.bus.grace_seconds
    services.writer.submit(RetireCredentials(host_id=host.id, newest=kit.id, grace=grace))
    if at_once:
        _end(req, old)
    return created({"host": views.host(host), "settings": services.enrolment.settings(host.id, host.name, kit)})


def _open(req: Request, host: str, kit: Kit, undo: Change[Any]) -> None:
    """Let a credential into the broker; where that fails, forget it.

    :raises BusUnavailable: the broker is away, or its management API.
    """
    enrolment = req.services.enrolment
    try:
        enrolment.open(host, kit)
    except errors.Unavailable:
        req.services.writer.submit(undo)
        with suppress(errors.Unavailable):
            enrolment.close(kit)
        raise


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
        refuse_living(tx, host)
        users = credentials.users(tx, [host.id]).get(host.id, [])
    for user in users:
        broker.shut_out(user)
    broker.forget(host.id)
    req.submit(RemoveHost(host_id=host.id))
    return nothing()
