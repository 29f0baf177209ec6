"""The outbox in SQL: commands written in the transaction that wants them, published after its commit."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Literal, NamedTuple

import sqlalchemy as sa

from common.model import Record
from controller.db import dialect, tables
from controller.db.among import among, listed
from controller.db.engine import Store, Tx
from controller.db.records import Noun

_table = tables.outbox


# what a relay is just publishing is not waited for: its agent tells it from the newer one by the generation
_UNSENT = sa.and_(_table.c.verb == "converge", among(_table.c.server_id, "servers"))
_REPLACED = sa.delete(_table).where(_table.c.id.in_(dialect.skip_locked(sa.select(_table.c.id).where(_UNSENT))))


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
    tx.do(_REPLACED, servers=listed(e.server_id for e in entries))
    OUTBOX.add(tx, entries)


@contextmanager
def publishing(store: Store) -> Iterator[Tx]:
    """Open the transaction in which rows are read to be published. While it is open another relay passes them over.

    In SQLite it only reads: there is one relay, and its broker's slowness must not hold up the one writer.
    """
    with store.read() if dialect.has_one_writer(store.engine) else store.tx() as tx:
        yield tx


@contextmanager
def settling(store: Store, tx: Tx) -> Iterator[Tx]:
    """Give the transaction that writes what became of these rows: the same, or in SQLite one that writes."""
    with store.tx() if dialect.has_one_writer(store.engine) else nullcontext(tx) as writing:
        yield writing


def due(tx: Tx, now: datetime, limit: int) -> list[Due]:
    """Lock and read what is to be published now, oldest first; what another relay has locked is passed over."""
    statement = (
        OUTBOX.select()
        .add_columns(tables.host.c.epoch)
        .join(tables.host, tables.host.c.id == _table.c.host_id)
        .where(_table.c.retry_at <= now)
        .order_by(_table.c.retry_at, _table.c.id)
        .limit(limit)
    )
    return [Due(OUTBOX.record(row), epoch) for *row, epoch in tx.rows(dialect.skip_locked(statement, of=_table))]


def count(tx: Tx, limit: int) -> int:
    """Count what waits, up to ``limit``."""
    waiting = sa.select(_table.c.id).limit(limit).subquery()
    row = tx.one(sa.select(sa.func.count()).select_from(waiting))
    return int(row[0]) if row else 0


def drop(tx: Tx, ids: Iterable[str]) -> None:
    """Delete what was published."""
    tx.remove(_table, [{"id": id_} for id_ in ids])


def push_back(tx: Tx, ids: Iterable[str], retry_at: datetime) -> None:
    """Try these again later."""
    tx.change(_table, [{"id": id_, "retry_at": retry_at} for id_ in ids])
