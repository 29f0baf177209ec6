"""An agent's hello: its host gets a new epoch, a lease, the list of what should be there, and what it lacks of it."""

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec

from common import wire
from common.model.host import Host
from common.model.server import Server
from common.states import Power, State
from controller.db import hosts, outbox
from controller.db.engine import Tx
from controller.db.liveness import note_began
from controller.workflow import capacity, goals, notices, settling
from controller.workflow.desk import Desk, Report
from controller.workflow.liveness import greeted, outlived
from controller.workflow.world import World

LOG = logging.getLogger(__name__)

FILES = "files of a server that is not known here"
"""Why a server is in quarantine of which there is no domain."""


def hello(tx: Tx, reports: Sequence[Report], desk: Desk, world: World) -> None:
    """Accept hosts and welcome them; a host that may not come in gets no answer."""
    newest = {r.event.host: r for r in reports}
    for host, (_, body) in sorted(newest.items()):
        if reason := _refusal(tx, host, body):
            desk.refused.append(("refused-host", host, reason))
            continue
        _let_in(tx, host, body, desk, world)
        _welcome(tx, desk.hosts[host], body, desk, world)
        desk.again |= {s.id for s in behind(host, body.present, desk)} | _under_way(host, desk)


def _refusal(tx: Tx, host: str, body: wire.Hello) -> str:
    namesake = hosts.named(tx, body.name)
    if namesake and namesake.id != host:
        return f"that name is host {namesake.id}'s; give one of the two another name"
    if reason := outlived(tx, host, body):
        return reason
    return ""


def _let_in(tx: Tx, id_: str, body: wire.Hello, desk: Desk, world: World) -> None:
    known = desk.hosts.get(id_)
    now = world.clock.now()
    host = Host(
        id=id_,
        name=body.name,
        generation=1,
        epoch=known.epoch + 1 if known else 1,
        boot_id=body.boot_id,
        state=greeted(known, body),
        enabled=True,
        heard_at=now,
        lease_until=now + timedelta(seconds=world.settings.controller.lease_seconds),
        features=body.features,
        inventory=msgspec.to_builtins(body.inventory),
        version=body.version,
        credential=desk.keys.get(id_),
    )
    if known:
        hosts.greet(tx, host)
    else:
        hosts.add(tx, host)
    notices.tell_of_hosts(tx, world, hosts.get(tx, [id_]).values())
    capacity.take(tx, id_, body.inventory, known.held if known else None, world)
    hosts.strangers(tx, id_, quarantined(id_, body, desk), now)
    desk.hosts[id_] = host
    note_began(tx, id_, body.began)


def _welcome(tx: Tx, host: Host, body: wire.Hello, desk: Desk, world: World) -> None:
    now = world.clock.now()
    wanted = [s for s in desk.of_host(host.id) if _is_sent(s, desk)]
    welcome = wire.Welcome(
        hello=body.id,
        epoch=host.epoch,
        lease_seconds=world.settings.controller.lease_seconds,
        wanted=tuple(_line(server, goal) for server, goal in _with_goals(tx, wanted, world)),
        at=now,
    )
    entry = outbox.Entry(
        id=world.ids(),
        host_id=host.id,
        verb="welcome",
        body=wire.pack(welcome).decode(),
        created_at=now,
        retry_at=now,
        expires_in=world.settings.controller.lease_seconds,
    )
    outbox.add(tx, [entry])
    desk.written = True


def _with_goals(tx: Tx, wanted: Sequence[Server], world: World) -> list[tuple[Server, wire.Goal]]:
    wished = goals.goals(tx, wanted, world)
    return [(server, wished[server.id]) for server in wanted]


def _line(server: Server, goal: wire.Goal) -> wire.Wanted:
    return wire.Wanted(server=server.id, generation=server.generation, power=goal.power, digest=goal.digest())


def _is_sent(server: Server, desk: Desk) -> bool:
    """Say whether a server's goal is complete: one whose workflow has not sent it yet may lack its ports."""
    work = desk.live.get(server.id)
    return work is None or bool(work.data.get(settling.SENT))


def _under_way(host: str, desk: Desk) -> set[str]:
    """Give the servers whose workflow waits for this host's word: it may have been lost, so it is asked again."""
    return {s.id for s in desk.of_host(host) if s.id in desk.live and _is_sent(s, desk)}


def behind(host: str, present: Iterable[wire.Present], desk: Desk) -> list[Server]:
    """Give the servers of a host that are not there as they are wished: missing, older, unsettled, or to be gone."""
    there = {p.server: p for p in present}
    lacking = []
    for server in desk.of_host(host):
        domain = there.get(server.id)
        if domain is None:
            if server.power is not Power.GONE and server.state is not State.ERROR and _is_sent(server, desk):
                lacking.append(server)
        elif not is_as_wished(server, domain, host) and domain.generation <= server.generation:
            lacking.append(server)
    return lacking


def quarantined(host: str, body: wire.Hello | wire.States, desk: Desk) -> dict[str, str]:
    """Give the domains on a host that are none of ours, with the reason: they are shown, and never touched.

    That a domain carries our mark does not make it ours: the tables may be older than the host, or it was moved here.
    Files alone are shown too, but for those of servers that are to be on this host.
    """
    reasons = {domain: f"a copy of server {body.copies[domain]}" for domain in body.strangers if domain in body.copies}
    foreign = dict.fromkeys(body.strangers, "Toft did not make it")
    lost = {p.server: why for p in body.present if (why := _why_not_here(desk.servers.get(p.server), host, p))}
    mine = {server.id for server in desk.of_host(host) if server.state is not State.DELETED}
    files = {server: FILES for server in body.leftovers if server not in mine}
    return files | foreign | reasons | lost


def _why_not_here(server: Server | None, host: str, present: wire.Present) -> str:
    if present.power is Power.GONE or (server is not None and server.host_id == host):
        return ""
    if server is None:
        return "it has the mark of a server that is not in the database"
    return f"its server is on host {server.host_id}" if server.host_id else "its server is on no host"


def is_as_wished(server: Server, present: wire.Present, host: str) -> bool:
    """Say whether a domain is its server's, at the newest generation, with nothing left to do."""
    newest = present.generation == server.generation and server.host_id == host
    return newest and present.settled and server.power is not Power.GONE
