"""What workflows of servers share: sending a goal, waiting for its outcome, and telling the tenant of a failure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Any

from msgspec.structs import replace

from common import wire
from common.model.server import Fault, Server
from common.states import Power
from controller.db import hosts, inbox, servers
from controller.db.engine import Tx
from controller.workflow import goals, notices
from controller.workflow.saga import Saga, StepFailed, Wait
from controller.workflow.world import World

SENT = "sent_at"
"""Where a saga keeps when its goal was last sent, in ISO 8601."""

SETTLE = "settle"
"""The step whose line in the timeline has what a server's host notes for its users."""


TAKEN_BACK = frozenset({"server.start", "server.stop", "server.reboot"})
"""Kinds whose wish is taken back when they fail: what their host did not do in time it shall not do hours later."""

ERRORS = {"server.create": "instance.create.error", "server.reboot": "instance.reboot.error"}
"""A kind of workflow -> the notification of its failure; Nova has none for the others."""


def subjects(tx: Tx, sagas: Sequence[Saga]) -> dict[str, Server]:
    """Give the servers of a batch, locked; they are read once in a stretch."""
    unread = [s for s in sagas if s.server is None]
    found = servers.get(tx, [s.subject for s in unread], lock=True) if unread else {}
    for saga in unread:
        saga.found = saga.server = found[saga.subject]
    return {s.subject: s.server for s in sagas if s.server}


def keep(sagas: Sequence[Saga], changed: Iterable[Server]) -> None:
    """Have servers of a batch written as they are here, at the end of the stretch; later steps see them so."""
    by_id = {server.id: server for server in changed}
    for saga in sagas:
        saga.server = by_id.get(saga.subject, saga.server)


def send(tx: Tx, sagas: Sequence[Saga], world: World, found: Mapping[str, Server]) -> None:
    """Write the commands for the servers of a batch, and remember when."""
    if not sagas:
        return
    goals.send(tx, [found[s.subject] for s in sagas], world)
    for saga in sagas:
        saga.data[SENT] = world.clock.now().isoformat()


def outcomes(tx: Tx, found: Mapping[str, Server]) -> dict[str, inbox.Outcome]:
    """Give what hosts said of these servers' present generations."""
    return inbox.outcomes(tx, {s.id: s.generation for s in found.values()})


def patience(tx: Tx, sagas: Sequence[Saga], world: World, found: Mapping[str, Server]) -> dict[str, Wait]:
    """Let a batch wait for its outcome; goals that got none for a while are sent again.

    A silent host is sent nothing more, or its queue would fill for as long as it is away: its hello asks anew.
    """
    again = world.settings.controller.resend_seconds
    now = world.clock.now()
    late = [s for s in sagas if _age(s, now) >= again]
    homes = hosts.get(tx, [host for s in late if (host := found[s.subject].host_id)])
    heard = {host.id for host in homes.values() if host.lease_until > now}
    send(tx, [s for s in late if s.data.get(SENT) is None or found[s.subject].host_id in heard], world, found)
    return {s.id: Wait(again - age if (age := _age(s, now)) < again else again) for s in sagas}


def _age(saga: Saga, now: datetime) -> float:
    """Give the seconds since a goal was last sent; one that never was is older than any."""
    sent = saga.data.get(SENT)
    return (now - datetime.fromisoformat(sent)).total_seconds() if sent else inf


def await_settled(tx: Tx, sagas: Sequence[Saga], world: World) -> dict[str, Wait | StepFailed]:
    """Step: go on when the host says that the goal is reached, fail when it says that it cannot be.

    A guest's hardware is kept as it was first defined; ``seen`` is how the guest is now. What its host notes for its
    users becomes the step's line in the timeline.
    """
    found = subjects(tx, sagas)
    said = outcomes(tx, found)
    settled = {server: outcome for server, outcome in said.items() if isinstance(outcome, wire.Settled)}
    keep(sagas, [_settled(found[server], outcome, world.clock.now()) for server, outcome in settled.items()])
    for saga in sagas:
        if saga.subject in said:
            saga.more = of_host(said[saga.subject])
        if saga.subject in settled:
            saga.detail = told(settled[saga.subject])
    failed = {
        s.id: StepFailed(outcome.code, outcome.reason)
        for s in sagas
        if isinstance(outcome := said.get(s.subject), wire.Failed)
    }
    waiting = [s for s in sagas if s.subject not in said]
    return patience(tx, waiting, world, found) | failed


def _settled(server: Server, outcome: wire.Settled, now: datetime) -> Server:
    return replace(server, seen=outcome.power, hardware=server.hardware or outcome.hardware, updated_at=now)


def told(outcome: wire.Settled) -> str:
    """Write what a host notes for a server's users: ``ssh: 127.0.0.1:20022``."""
    return ", ".join(f"{what}: {note}" for what, note in sorted(outcome.notes.items()))


def of_host(outcome: inbox.Outcome) -> dict[str, Any] | None:
    """Give what a host says of its own steps, for the timeline; None: nothing."""
    more = {"took": outcome.took, "tries": list(outcome.tries)}
    return {name: value for name, value in more.items() if value} or None


def await_gone(tx: Tx, sagas: Sequence[Saga], world: World, found: Mapping[str, Server]) -> dict[str, Wait]:
    """Let those wait whose host has not said that nothing is left of the server; without a host nothing can be.

    A host that failed to remove one is asked again and again: giving up would leave a guest that nobody owns.
    """
    said = outcomes(tx, found)
    for saga in sagas:
        if saga.subject in said:
            saga.more = of_host(said[saga.subject])
    waiting = [s for s in sagas if found[s.subject].host_id and not isinstance(said.get(s.subject), wire.Settled)]
    return patience(tx, waiting, world, found)


def as_before(server: Server) -> Server:
    """Wish that a server be as its host saw it last, at a newer generation; the host's next list shows that it is
    behind, and it is sent to it."""
    power = Power.ON if server.seen in (Power.ON, Power.PAUSED) else Power.OFF
    return replace(server, power=power, generation=server.generation + 1)


def mark_failed(tx: Tx, sagas: Sequence[Saga], world: World) -> None:
    """Show the tenant: the server is in ERROR, and why."""
    now = world.clock.now()
    found = subjects(tx, sagas)
    failed = []
    for saga in sagas:
        assert saga.failure is not None, "only what failed is marked so"
        fault = Fault(code=saga.failure.code, message=saga.failure.message, at=now)
        server = found[saga.subject]
        wished = as_before(server) if saga.kind in TAKEN_BACK else server
        failed.append(replace(wished.moved("failed", now), fault=fault))
    keep(sagas, failed)
    for kind, event_type in ERRORS.items():
        mine = {s.subject for s in sagas if s.kind == kind}
        notices.tell(tx, world, event_type, [server for server in failed if server.id in mine], sagas)
