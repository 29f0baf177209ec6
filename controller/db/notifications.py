"""Notifications in SQL: written in the transaction of what they tell of, published after its commit."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from common.model.notification import Notification
from controller.db import tables
from controller.db.engine import Tx
from controller.db.records import Noun

NOTIFICATIONS = Noun(Notification, tables.notification)
_c = tables.notification.c


def add(tx: Tx, notifications: Sequence[Notification]) -> None:
    """Insert notifications."""
    NOTIFICATIONS.add(tx, notifications)


def due(tx: Tx, now: datetime, limit: int) -> list[Notification]:
    """Read what is to be published now, oldest first: what a server's notifications tell happened in that order."""
    statement = NOTIFICATIONS.select().where(_c.retry_at <= now).order_by(_c.created_at, _c.id).limit(limit)
    return NOTIFICATIONS.read(tx, statement)


def drop(tx: Tx, ids: Collection[str]) -> None:
    """Delete what was published."""
    if ids:
        tx.do(sa.delete(tables.notification).where(_c.id.in_(list(ids))))


def forget(tx: Tx, before: datetime, above: int) -> int:
    """Delete what nobody took before ``before``, and the oldest where there are more than ``above``; says how many."""
    newest = sa.select(_c.id).order_by(_c.created_at.desc(), _c.id.desc()).offset(above).limit(1)
    row = tx.one(sa.select(_c.created_at).where(_c.id.in_(newest)))
    return tx.do(sa.delete(tables.notification).where(_c.created_at <= max(before, row[0] if row else before)))
