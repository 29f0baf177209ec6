"""Workflows in SQL: who may take which, and the comparison that keeps a stale controller from writing."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec.structs import replace

from common import errors
from common.model.workflow import Work
from controller.db import dialect, tables
from controller.db.among import among, listed
from controller.db.engine import Tx
from controller.db.records import Noun

WORKFLOWS = Noun(Work, tables.workflow)
_table = tables.workflow
_MINE = sa.and_(_table.c.state == "live", among(_table.c.subject, "subjects"))
_LIVE = WORKFLOWS.select().where(_MINE).order_by(_table.c.id)
_LOCKED = dialect.locked(_LIVE)


class Place(NamedTuple):
    """A step of a kind of workflow."""

    kind: str
    position: int


def add(tx: Tx, works: Sequence[Work]) -> None:
    """Insert workflows.

    :raises Conflict: a subject has a live one already.
    """
    WORKFLOWS.add(tx, works)


def take(
    tx: Tx,
    *,
    now: datetime,
    until: datetime,
    limit: int,
    kinds: Collection[str],
    ids: Collection[str] | None = None,
    without: Collection[Place] = (),
) -> list[Work]:
    """Lock live workflows that are due, longest due first, and take each one's lease until ``until``.

    Those that another transaction holds are passed over. The lock is held before anything else is read, so an event
    that comes meanwhile waits for this transaction, and wakes the workflow after it: no wake-up is lost.

    :param kinds: only of these kinds: a newer controller may have begun others.
    :param ids: only these.
    :param without: none that stands at one of these places.
    """
    statement = _due(now).where(_table.c.kind.in_(sorted(kinds))).order_by(_table.c.wake_at, _table.c.id).limit(limit)
    if ids is not None:
        statement = statement.where(_table.c.id.in_(sorted(ids)))
    if without:
        statement = statement.where(sa.tuple_(_table.c.kind, _table.c.position).not_in([tuple(p) for p in without]))
    return lease(tx, WORKFLOWS.read(tx, dialect.skip_locked(statement)), until)


def lease(tx: Tx, works: Sequence[Work], until: datetime) -> list[Work]:
    """Take the leases of workflows that this transaction has locked, and that nobody holds."""
    if works:
        leased = {"lease_epoch": _table.c.lease_epoch + 1, "lease_until": until}
        tx.do(sa.update(_table).where(_table.c.id.in_([w.id for w in works])).values(leased))
    return [replace(w, lease_epoch=w.lease_epoch + 1, lease_until=until) for w in works]


def _due(now: datetime) -> sa.Select[Any]:
    free = sa.or_(_table.c.lease_until.is_(None), _table.c.lease_until <= now)
    return WORKFLOWS.select().where(_table.c.state == "live", _table.c.wake_at <= now, free)


def save(tx: Tx, works: Sequence[Work]) -> None:
    """Write workflows that were taken.

    :raises Conflict: another controller has taken one since: all that was done with it must be rolled back.
    """
    fixed = ("kind", "subject", "project_id", "deadline", "created_at", "request_id")
    rows = [{k: v for k, v in WORKFLOWS.row(work).items() if k not in fixed} for work in works]
    if tx.change(_table, rows, where=("id", "lease_epoch")) != len(rows):
        raise errors.Conflict("a workflow's lease was lost to another controller")


def lock_live(tx: Tx, subjects: Iterable[str]) -> dict[str, Work]:
    """Lock the live workflows of these subjects, in id order; gives them by subject."""
    return {work.subject: work for work in WORKFLOWS.read(tx, _LOCKED, subjects=listed(set(subjects)))}


def live(tx: Tx, subjects: Iterable[str]) -> dict[str, Work]:
    """Read the live workflows of these subjects, by subject."""
    return {work.subject: work for work in WORKFLOWS.read(tx, _LIVE, subjects=listed(set(subjects)))}


def wake(tx: Tx, subjects: Iterable[str], now: datetime) -> None:
    """Let the live workflows of these subjects look again at once."""
    locked = lock_live(tx, subjects)
    if locked:
        tx.do(sa.update(_table).where(_table.c.id.in_([w.id for w in locked.values()])).values(wake_at=now))


def supersede(tx: Tx, subjects: Iterable[str], now: datetime) -> list[Work]:
    """End the live workflows of these subjects where they stand: something newer takes their place.

    Lock nothing of the subjects before this: workflows come first in the order of locks.
    """
    locked = list(lock_live(tx, subjects).values())
    end(tx, locked, now)
    return locked


def end(tx: Tx, locked: Sequence[Work], now: datetime) -> None:
    """Supersede workflows that this transaction has locked."""
    if locked:
        ended = {"state": "superseded", "updated_at": now}
        tx.do(sa.update(_table).where(_table.c.id.in_([w.id for w in locked])).values(ended))


def of_subject(tx: Tx, subject: str) -> list[Work]:
    """Read all workflows that a subject ever had, newest first."""
    statement = WORKFLOWS.select().where(_table.c.subject == subject)
    return WORKFLOWS.read(tx, statement.order_by(_table.c.created_at.desc(), _table.c.id.desc()))
