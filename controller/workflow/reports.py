"""What each kind of event does. All of a turn's events of one kind are handled at once."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from common import wire
from common.model.server import Fault, Server
from common.model.workflow import Moment
from common.states import Power, State
from controller.db import hosts, queries, servers, timeline
from controller.db.engine import Tx
from controller.workflow import capacity, hello, settling
from controller.workflow.desk import Desk, Report
from controller.workflow.liveness import heartbeat
from controller.workflow.world import World

LOG = logging.getLogger(__name__)
LATE = "deadline"
"""The fault's code of what took longer than it may."""

Handler = Callable[[Tx, Sequence[Report], Desk, World], None]


def power(_tx: Tx, reports: Sequence[Report], desk: Desk, world: World) -> None:
    """A guest's power changed by itself, or is as it was wished."""
    for event, body in reports:
        if _is_idle(event, desk):
            reason = getattr(body, "reason", "")
            desk.change(seen(desk.servers[event.server], body.power, world.clock.now(), reason))


def settled(tx: Tx, reports: Sequence[Report], desk: Desk, world: World) -> None:
    """A goal is reached: wake the server's workflow, whose step reads the inbox; where none waits, tell it here."""
    desk.woken |= {r.event.server for r in reports}
    power(tx, reports, desk, world)
    idle = {event.server: body for event, body in reports if _is_idle(event, desk) and body.power is Power.ON}
    news = {server: told for server, body in idle.items() if (told := settling.told(body)) != _last_told(tx, server)}
    timeline.add(tx, [_brought_back(server, told, world) for server, told in news.items()])


def _last_told(tx: Tx, server: str) -> str:
    """Give what a server's host last noted of it for its users."""
    return next((m.detail for m in reversed(timeline.of_subject(tx, server)) if _is_settled(m)), "")


def _is_settled(moment: Moment) -> bool:
    return (moment.step, moment.outcome) == (settling.SETTLE, "done")


def _brought_back(server: str, told: str, world: World) -> Moment:
    """Write the line of a guest that its host started again by itself, to be found elsewhere than before."""
    return Moment(
        id=world.ids(),
        workflow_id="",
        subject=server,
        kind="server.return",
        step=settling.SETTLE,
        outcome="done",
        detail=told,
        at=world.clock.now(),
    )


def failed(_tx: Tx, reports: Sequence[Report], desk: Desk, world: World) -> None:
    """A goal cannot be reached: likewise; where nobody waits (a lost guest was to come back), show the tenant."""
    desk.woken |= {r.event.server for r in reports}
    now = world.clock.now()
    for event, body in reports:
        server = desk.servers[event.server]
        if _is_idle(event, desk) and server.state not in (State.ERROR, State.DELETED):
            desk.change(replace(server.moved("failed", now), fault=Fault(code=body.code, message=body.reason, at=now)))


def _is_idle(event: wire.Event, desk: Desk) -> bool:
    """Say whether an event is about the newest wish for its server, and no workflow cares for that."""
    return event.generation == desk.servers[event.server].generation and event.server not in desk.live


def states(tx: Tx, reports: Sequence[Report], desk: Desk, world: World) -> None:
    """All domains of a host: what differs from the wish is wished again, unless a workflow cares for it already."""
    now = world.clock.now()
    for event, body in _newest(reports):
        desk.again |= {s.id for s in hello.behind(event.host, body.present, desk)} - desk.live.keys()
        for present in body.present:
            server = desk.servers.get(present.server)
            if server and hello.is_as_wished(server, present, event.host) and server.id not in desk.live:
                desk.change(seen(server, present.power, now, present.reason))
        hosts.strangers(tx, event.host, hello.quarantined(event.host, body, desk), now)


def seen(server: Server, now_is: Power, now: datetime, reason: str = "") -> Server:
    """Give the server as its guest was seen; a guest that stopped or started by itself changes the wish.

    One that crashed was started again by its host before that, as often as may be: its tenant is told why it is off.
    """
    server = replace(server, seen=now_is)
    if server.state is State.ACTIVE and now_is is Power.CRASHED:
        fault = Fault(code="crashed", message=reason or "its guest crashed", at=now)
        return replace(server.moved("failed", now), power=Power.OFF, fault=fault)
    if server.state is State.ACTIVE and now_is is Power.OFF:
        return replace(server.moved("stopped", now), power=Power.OFF)
    if server.state is State.SHUTOFF and now_is is Power.ON:
        return replace(server.moved("started", now), power=Power.ON)
    if _was_late(server) and now_is is server.power:
        return replace(server.moved("started" if now_is is Power.ON else "stopped", now), fault=None)
    return server


def _was_late(server: Server) -> bool:
    """Say whether a server is only in ERROR for an action that its host did not answer in time."""
    return server.state is State.ERROR and server.fault is not None and server.fault.code == LATE


def stale(_tx: Tx, reports: Sequence[Report], desk: Desk, _world: World) -> None:
    """A goal came under an old epoch: it is sent again under the present one, if it is still the newest."""
    about = [r.event for r in reports if r.event.server]
    desk.again |= {e.server for e in about if e.generation == desk.servers[e.server].generation}


def inventory(tx: Tx, reports: Sequence[Report], desk: Desk, world: World) -> None:
    """What a host has."""
    newest = _newest(reports)
    hosts.write(tx, "inventory", {event.host: msgspec.to_builtins(body) for event, body in newest})
    for event, body in newest:
        capacity.take(tx, event.host, body, desk.hosts[event.host].held, world)


def usage(tx: Tx, reports: Sequence[Report], _desk: Desk, _world: World) -> None:
    """What a host and its guests use."""
    hosts.write(tx, "usage", {event.host: msgspec.to_builtins(body) for event, body in _newest(reports)})


def answer(tx: Tx, reports: Sequence[Report], desk: Desk, _world: World) -> None:
    """Answers to queries, each from the host that the query's server is on."""
    asked = queries.servers(tx, [r.body.query for r in reports])
    about = servers.get(tx, asked.values())
    known = [r for r in reports if r.body.query in asked]
    mine = [r for r in known if about[asked[r.body.query]].host_id == r.event.host]
    desk.refused += [("not-its-server", r.event.host, "an answer about it") for r in known if r not in mine]
    queries.answer(tx, {r.body.query: r.body for r in mine})


def _newest(reports: Sequence[Report]) -> list[Report]:
    """Give each host's last report, by host."""
    last = {r.event.host: r for r in reports}
    return [last[host] for host in sorted(last)]


HANDLERS: dict[str, Handler] = {
    "hello": hello.hello,
    "settled": settled,
    "failed": failed,
    "power": power,
    "states": states,
    "stale": stale,
    "inventory": inventory,
    "usage": usage,
    "heartbeat": heartbeat,
    "answer": answer,
}
"""Each kind's handler, in the order in which a turn runs them."""

ONCE = frozenset({"hello", "settled", "failed", "power", "stale"})
"""Kinds that must count once however often they come: they are kept in the inbox."""
