"""Rows that are kept for a while only, and forgotten a batch at a time: no transaction grows with what there is."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from common.model.image import ImageStatus
from common.states import State
from controller.db import tables
from controller.db.engine import Tx

DAY = timedelta(days=1)
BATCH = 500
"""Rows of one table that one transaction deletes at most."""


class Kept(NamedTuple):
    """How long after ``since`` a row of that column's table is kept; one that is not ``ended`` is kept longer.

    ``age`` None: as long as servers that are gone.
    """

    since: sa.Column[datetime]
    age: timedelta | None
    ended: sa.ColumnElement[bool] = sa.true()


KEPT = (
    Kept(tables.inbox.c.received_at, 2 * DAY),
    Kept(tables.idempotency.c.created_at, DAY),
    Kept(tables.query.c.expires_at, timedelta(hours=1)),
    Kept(tables.workflow.c.updated_at, None, tables.workflow.c.state != "live"),
    Kept(tables.timeline.c.at, None),
    Kept(tables.decision.c.at, None),
    Kept(tables.revocation.c.expires_at, timedelta()),
    Kept(tables.controller.c.seen_at, DAY),
)
"""What is kept for a while only."""

_OF_SERVER = (
    tables.timeline.c.subject,
    tables.decision.c.server_id,
    tables.workflow.c.subject,
    tables.inbox.c.server_id,
    tables.query.c.server_id,
)
"""What goes with its server."""


def prune(tx: Tx, now: datetime, keep: timedelta) -> int:
    """Delete a batch of what is too old, and say how many rows that were.

    :param keep: how long servers and images are kept that were deleted.
    """
    old = sum(_prune(tx, kept, now - (keep if kept.age is None else kept.age)) for kept in KEPT)
    return old + servers(tx, now - keep) + images(tx, now - keep)


def _prune(tx: Tx, kept: Kept, before: datetime) -> int:
    table = kept.since.table
    key = sa.tuple_(*table.primary_key.columns)
    batch = sa.select(*table.primary_key.columns).where(kept.since < before, kept.ended).limit(BATCH)
    return tx.do(sa.delete(table).where(key.in_(batch)))


def servers(tx: Tx, before: datetime) -> int:
    """Delete servers that were deleted before then, with all that was kept of them; says how many.

    One whose host has not yet said that nothing is left there stays: it has a workflow, and its claim.
    """
    c = tables.server.c
    held = [
        sa.exists().where(tables.workflow.c.subject == c.id, tables.workflow.c.state == "live"),
        sa.exists().where(tables.allocation.c.consumer == c.id),
        sa.exists().where(tables.device.c.server_id == c.id),
        sa.exists().where(tables.cpu.c.server_id == c.id),
    ]
    gone = sa.select(c.id).where(c.state == State.DELETED.value, c.deleted_at < before, *(~h for h in held))
    ids = [server for (server,) in tx.rows(gone.order_by(c.deleted_at).limit(BATCH))]
    for column in _OF_SERVER if ids else ():
        tx.do(sa.delete(column.table).where(column.in_(ids)))
    return tx.do(sa.delete(tables.server).where(c.id.in_(ids))) if ids else 0


def images(tx: Tx, before: datetime) -> int:
    """Delete images that were deleted before then, that no server names and whose files are gone; says how many."""
    c = tables.image.c
    named = sa.exists().where(tables.server.c.image_id == c.id)
    filed = sa.exists().where(tables.image_copy.c.image_id == c.id)
    gone = sa.select(c.id).where(c.status == ImageStatus.DELETED.value, c.updated_at < before, ~named, ~filed)
    ids = [image for (image,) in tx.rows(gone.order_by(c.updated_at).limit(BATCH))]
    return tx.do(sa.delete(tables.image).where(c.id.in_(ids))) if ids else 0
