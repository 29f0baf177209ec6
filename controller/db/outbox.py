"""The outbox in SQL: commands written in the transaction that wants them, published after its commit."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import sqlalchemy as sa

from common.model import Record
from controller.db import tables
from controller.db.engine import Tx
from controller.db.records import Noun

_table = tables.outbox


class Entry(Record, frozen=True):
    """A command that waits to be published. ``body`` is its JSON; ``expires_in`` seconds count from the publishing."""

    id: str
    host_id: str
    verb: Literal["welcome", "lease", "converge", "query"]
    body: str
    created_at: datetime
    retry_at: datetime
    expires_in: float
    server_id: str = ""
    generation: int = 0
    request_id: str = ""


class Due(NamedTuple):
    """An entry to publish now, and the epoch of its host."""

    entry: Entry
    epoch: int


OUTBOX = Noun(Entry, _table)


def add(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write commands."""
    OUTBOX.add(tx, entries)


def replace_goals(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write servers' goals, in place of those that were not published yet: only the newest matters."""
    unsent = sa.and_(_table.c.verb == "converge", _table.c.server_id.in_(sorted(e.server_id for e in entries)))
    tx.do(sa.delete(_table).where(unsent))
    OUTBOX.add(tx, entries)


def due(tx: Tx, now: datetime, limit: int) -> list[Due]:
    """Read what is to be published now, oldest first."""
    statement = (
        OUTBOX.select()
        .add_columns(tables.host.c.epoch)
        .join(tables.host, tables.host.c.id == _table.c.host_id)
        .where(_table.c.retry_at <= now)
        .order_by(_table.c.retry_at, _table.c.id)
        .limit(limit)
    )
    return [Due(OUTBOX.record(row), epoch) for *row, epoch in tx.rows(statement)]


def drop(tx: Tx, ids: Iterable[str]) -> None:
    """Delete what was published."""
    tx.do(sa.delete(_table).where(_table.c.id.in_(list(ids))))


def push_back(tx: Tx, ids: Iterable[str], retry_at: datetime) -> None:
    """Try these again later."""
    tx.do(sa.update(_table).where(_table.c.id.in_(list(ids))).values(retry_at=retry_at))
