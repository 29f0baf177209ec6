"""Rows that are kept for a while only."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from controller.db import tables
from controller.db.engine import Tx

DAY = timedelta(days=1)
KEPT: tuple[tuple[sa.Column[datetime], timedelta], ...] = (
    (tables.inbox.c.received_at, 2 * DAY),
    (tables.idempotency.c.created_at, DAY),
    (tables.query.c.expires_at, timedelta(hours=1)),
    (tables.timeline.c.at, 90 * DAY),
    (tables.decision.c.at, 90 * DAY),
    (tables.revocation.c.expires_at, timedelta()),
)
"""A table's time, and how long after it a row is kept."""


def prune(tx: Tx, now: datetime) -> int:
    """Delete what is too old, and say how many rows that were."""
    return sum(tx.do(sa.delete(column.table).where(column < now - age)) for column, age in KEPT)
