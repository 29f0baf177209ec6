"""Rows that are kept for a while only."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from controller.db import tables
from controller.db.engine import Tx

DAY = timedelta(days=1)


class Kept(NamedTuple):
    """How long after ``since`` a row of that column's table is kept; one that is not ``ended`` is kept longer."""

    since: sa.Column[datetime]
    age: timedelta
    ended: sa.ColumnElement[bool] = sa.true()


KEPT = (
    Kept(tables.inbox.c.received_at, 2 * DAY),
    Kept(tables.idempotency.c.created_at, DAY),
    Kept(tables.query.c.expires_at, timedelta(hours=1)),
    Kept(tables.workflow.c.updated_at, 90 * DAY, tables.workflow.c.state != "live"),
    Kept(tables.timeline.c.at, 90 * DAY),
    Kept(tables.decision.c.at, 90 * DAY),
    Kept(tables.revocation.c.expires_at, timedelta()),
)
"""What is kept for a while only."""


def prune(tx: Tx, now: datetime) -> int:
    """Delete what is too old, and say how many rows that were."""
    return sum(tx.do(sa.delete(k.since.table).where(k.since < now - k.age, k.ended)) for k in KEPT)
