"""Liveness is a round trip: an agent's heartbeat is answered, and the next one says so.

A host whose heartbeats come but whose answers do not arrive is deaf: its lease is not renewed, so the watch will tell,
and an answer that arrives after all gives it no more than what is left of that lease. What hangs on a host makes it
degraded. A heartbeat of an old epoch is answered as such: another process speaks for that host by now, and the older
one has to stop at once.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from common import wire
from common.model.host import Host, HostState
from controller.db import hosts, liveness
from controller.db.engine import Tx
from controller.workflow.desk import Desk, Report
from controller.workflow.world import World

LOG = logging.getLogger(__name__)

UNANSWERED = 3
"""Heartbeats in a row that may be unanswered before their host counts as deaf."""

MOMENT = 0.001
"""Seconds that an answer gives where no lease is left; 0 would say that another process speaks for the host."""

TOLD = 500
"""Characters kept of what hangs on a host."""


def heartbeat(tx: Tx, reports: Sequence[Report], desk: Desk, world: World) -> None:
    """Signs of life: one update for all hosts that hear us; each gets its lease renewed, and says what hangs on it."""
    now = world.clock.now()
    seconds = world.settings.controller.lease_seconds
    newest = {r.event.host: r for r in reports}
    hearing = {host for host, r in newest.items() if hears(r.body)}
    hosts.lease(tx, hearing, now, now + timedelta(seconds=seconds))
    liveness.note_degraded(tx, {host: hanging(r.body.stuck) for host, r in newest.items()})
    for host, (event, body) in sorted(newest.items()):
        given = seconds if host in hearing else left(desk.hosts[host], now)
        desk.commands.append(_lease(event, body, given, world))


def hears(beat: wire.Heartbeat) -> bool:
    """Say whether our answers reach the host that said this; one of an older version does not say."""
    return beat.answered < 0 or beat.beat - beat.answered <= UNANSWERED


def left(host: Host, now: datetime) -> float:
    """Give the seconds for which a host may go on without being heard again."""
    return max(MOMENT, (host.lease_until - now).total_seconds())


def hanging(stuck: Mapping[str, str]) -> str | None:
    """Write what hangs on a host for people; None where nothing does."""
    return "; ".join(f"{lane}: {what}" for lane, what in sorted(stuck.items()))[:TOLD] or None


def fences(reports: Sequence[Report], desk: Desk, world: World) -> list[wire.Command]:
    """Answer heartbeats of old epochs: who said them may not speak, nor act, any more."""
    beats = [r for r in reports if r.event.kind == "heartbeat" and r.event.host in desk.hosts]
    old = [r for r in beats if r.event.host_epoch < desk.hosts[r.event.host].epoch]
    return [_lease(r.event, r.body, 0.0, world) for r in old]


def _lease(event: wire.Event, beat: wire.Heartbeat, seconds: float, world: World) -> wire.Command:
    now = world.clock.now()
    return wire.Command(
        id=world.ids(),
        host=event.host,
        host_epoch=event.host_epoch,
        verb="lease",
        body=wire.raw(wire.Lease(beat=beat.beat, lease_seconds=seconds, at=now)),
        expires=now + timedelta(seconds=world.settings.controller.lease_seconds),
    )


def outlived(tx: Tx, host: str, hello: wire.Hello) -> str:
    """Say why a hello is of a process that another one of the same boot has followed; empty where it is not."""
    last = liveness.began(tx, host)
    if last is None or last[0] != hello.boot_id or last[1] <= hello.began:
        return ""
    return "a newer process of its agent speaks for this host; end the older one"


def greeted(known: Host | None, hello: wire.Hello) -> HostState:
    """Give the state of a host that is let in: one whose last hellos went unanswered is deaf until its heartbeat."""
    return HostState.DEAF if known and hello.unanswered else HostState.UP
