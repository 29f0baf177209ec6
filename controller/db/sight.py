"""What operators see of the whole, in a handful of statements whose answers stay small however large the fleet is."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from controller.db import tables
from controller.db.engine import Tx

RATE_SECONDS = 10.0
"""Rates are over the last so many seconds."""

LISTED = 50
"""Hosts that are listed one by one at most."""


class Queue(NamedTuple):
    """Rows that wait, and since when the oldest does; None: none waits."""

    rows: int
    since: datetime | None


class Group(NamedTuple):
    """Live workflows of one kind that stand at one place, and when the oldest of them began."""

    kind: str
    direction: str
    position: int
    number: int
    since: datetime


class Seen(NamedTuple):
    """A host as operators look at it. CPU in percent, memory in MiB; None: it has not said."""

    id: str
    name: str
    state: str
    enabled: bool
    closed: str
    degraded: str | None
    muted_at: datetime | None
    heard_at: datetime
    lease_until: datetime
    epoch: int
    version: str | None
    cpu_percent: float | None
    memory_used_mib: int | None


class Lease(NamedTuple):
    """Who may act alone, and until when."""

    name: str
    holder: str
    until: datetime


def waiting(tx: Tx, name: str) -> Queue:
    """Look at ``outbox`` or ``notification``."""
    table = {"outbox": tables.outbox, "notification": tables.notification}[name]
    return Queue(*_one(tx, sa.select(sa.func.count(), sa.func.min(table.c.created_at)).select_from(table)))


def groups(tx: Tx) -> list[Group]:
    """Give the live workflows by kind and place, those that have been there longest first."""
    c = tables.workflow.c
    place = (c.kind, c.direction, c.position)
    oldest = sa.func.min(c.created_at)
    statement = sa.select(*place, sa.func.count(), oldest).where(c.state == "live").group_by(*place).order_by(oldest)
    return [Group(*row) for row in tx.rows(statement)]


def ended(tx: Tx, now: datetime) -> dict[tuple[str, str], int]:
    """Give how many workflows ended in the last ``RATE_SECONDS``, by kind and state."""
    c = tables.workflow.c
    lately = sa.and_(c.updated_at > now - timedelta(seconds=RATE_SECONDS), c.state != "live")
    statement = sa.select(c.kind, c.state, sa.func.count()).where(lately).group_by(c.kind, c.state)
    return {(kind, state): number for kind, state, number in tx.rows(statement)}


def host_states(tx: Tx) -> dict[str, int]:
    """Give how many hosts there are in each state; a disabled one counts as ``disabled`` whatever its state."""
    c = tables.host.c
    state = sa.case((c.enabled, c.state), else_="disabled")
    return dict(tx.rows(sa.select(state, sa.func.count()).group_by(state)))


def hosts(tx: Tx, limit: int = LISTED) -> list[Seen]:
    """Give the hosts that want a look first: not up, then degraded, muted, closed or disabled, then the busiest."""
    c = tables.host.c
    trouble = sa.case(
        (c.state != "up", 0),
        (sa.or_(c.degraded.is_not(None), c.muted_at.is_not(None)), 1),
        (sa.or_(c.closed != "", sa.not_(c.enabled)), 2),
        else_=3,
    )
    cpu = c.usage["cpu_percent"].as_float()
    plain = [c[name] for name in Seen._fields[:-2]]
    statement = sa.select(*plain, cpu, c.usage["memory_used_mib"].as_integer())
    order = (trouble, sa.func.coalesce(cpu, 0.0).desc(), c.name)
    return [Seen(*row) for row in tx.rows(statement.order_by(*order).limit(limit))]


def silences(tx: Tx, limit: int) -> list[tuple[str, datetime]]:
    """Give hosts by name with when they were last heard, the most silent first."""
    c = tables.host.c
    return [(name, at) for name, at in tx.rows(sa.select(c.name, c.heard_at).order_by(c.heard_at).limit(limit))]


def servers(tx: Tx) -> dict[str, int]:
    """Give how many servers there are in each state, without those that were deleted."""
    c = tables.server.c
    statement = sa.select(c.state, sa.func.count()).where(c.deleted_at.is_(None)).group_by(c.state)
    return dict(tx.rows(statement))


def servers_on(tx: Tx, hosts: list[str]) -> dict[str, int]:
    """Give how many servers are on each of these hosts; one without any is left out."""
    c = tables.server.c
    mine = sa.and_(c.host_id.in_(hosts), c.deleted_at.is_(None))
    statement = sa.select(c.host_id, sa.func.count()).where(mine).group_by(c.host_id)
    return dict(tx.rows(statement))


def strangers(tx: Tx) -> int:
    """Give how many domains on hosts are none of ours."""
    return int(_one(tx, sa.select(sa.func.count()).select_from(tables.stranger))[0])


def leases(tx: Tx) -> list[Lease]:
    """Give the named leases."""
    c = tables.lease.c
    return [Lease(*row) for row in tx.rows(sa.select(c.name, c.holder, c.until).order_by(c.name))]


def _one(tx: Tx, statement: sa.Executable) -> tuple[Any, ...]:
    """Run a statement that always gives one row."""
    (row,) = tx.rows(statement)
    return row
