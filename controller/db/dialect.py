"""What differs between SQLite and PostgreSQL."""

import logging
import math
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql, sqlite

from common import errors

LOG = logging.getLogger(__name__)
RESTED = 1.0
"""Seconds after which a connection is tried before it is used."""

_JSON: dict[str, Any] = {
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
}


def engine(url: str, pool: int) -> sa.Engine:
    """Make an engine: SQLite in WAL with a flush at each commit, PostgreSQL in UTC with bounded waits."""
    if sa.make_url(url).get_backend_name() == "postgresql":
        return _postgresql(url, pool)
    return _sqlite(url, pool)


def _postgresql(url: str, pool: int) -> sa.Engine:
    made = sa.create_engine(
        url,
        hide_parameters=True,  # what rows hold does not go into messages and logs
        **_JSON,
        pool_size=pool,
        max_overflow=pool,
        pool_timeout=10,
        connect_args={
            "options": "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=60s "
            "-c idle_in_transaction_session_timeout=20s",  # a controller that was stopped holds locks no longer
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20000,
        },
    )
    _ping_rested(made)
    return made


def _sqlite(url: str, pool: int) -> sa.Engine:
    _private(sa.make_url(url).database)
    made = sa.create_engine(
        url,
        hide_parameters=True,
        **_JSON,
        connect_args={"check_same_thread": False, "timeout": 30},
        pool_size=pool,
        max_overflow=32,
    )

    @event.listens_for(made, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's begin event opens transactions, not the driver
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def _begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get("toft_reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return made


def _ping_rested(made: sa.Engine) -> None:
    """See that a connection that rested is still there; one that was used just now is, and a round trip is saved."""

    @event.listens_for(made, "checkin")
    def _rest(_connection: Any, record: Any) -> None:
        record.info["rests"] = time.monotonic()

    @event.listens_for(made, "checkout")
    def _wake(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("rests", math.inf) > RESTED:
            try:
                made.dialect.do_ping(connection)
            except made.dialect.loaded_dbapi.Error as error:
                raise sa.exc.InvalidatePoolError from error  # the pool then makes new ones


def _private(file: str | None) -> None:
    """Make a database's file so that nobody else reads it; SQLite gives its log the same rights.

    A file that cannot be made is told of by the first transaction.
    """
    if file:
        with suppress(OSError):
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


@contextmanager
def reading(made: sa.Engine) -> Iterator[sa.Connection]:
    """Open a connection in a transaction that only reads, and roll it back at the end."""
    options: dict[str, Any] = {"toft_reading": True}
    if made.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with made.connect().execution_options(**options) as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@contextmanager
def away() -> Iterator[None]:
    """Raise ours where the database cannot be reached, or gave this transaction up.

    :raises Contention: it lost against another one; nothing of it was written.
    :raises DatabaseUnavailable: it cannot be reached; where that happens at COMMIT, the outcome is not known.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        if _lost(error.orig):
            raise errors.Contention("the database is busy; try again in a few seconds") from error
        if _gone(error):
            LOG.warning("the database is away: %s", _first_line(error))
            raise errors.DatabaseUnavailable("the database is away; try again in a few seconds") from error
        raise
    except sa.exc.TimeoutError as error:
        raise errors.DatabaseUnavailable("no connection to the database is free; try again in a few seconds") from error


def _lost(cause: BaseException | None) -> bool:
    """Say whether a transaction failed only because another one was in its way."""
    return (
        getattr(cause, "sqlstate", None) in ("40001", "40P01", "55P03")  # serialization, deadlock, lock not available
        or getattr(cause, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    )


_SQLITE_GONE = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


def _gone(error: sa.exc.DBAPIError) -> bool:
    """Say whether the database cannot be used now. SQLite gives a wrong statement the same class; its code tells."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE_GONE
    return isinstance(error, sa.exc.OperationalError) or error.connection_invalidated


def _first_line(error: sa.exc.DBAPIError) -> str:
    """Give what went wrong in the driver's words; its further lines quote the row."""
    return str(error.orig).strip().partition("\n")[0]


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Raise ours for what the database refuses to write; its own words, which may quote a row, stay in the cause.

    :raises Conflict: a row is there already, or breaks a rule of its table.
    :raises BadRequest: a value that no database keeps: U+0000, a lone surrogate, a number out of range.
    """
    try:
        yield
    except sa.exc.IntegrityError as error:
        LOG.info("a row of %s is refused: %s", what, _first_line(error))
        raise errors.Conflict(f"{what}: it is there already, or something else stands in its way") from error
    except sa.exc.DataError as error:
        raise errors.BadRequest(f"{what}: a value cannot be kept: {_first_line(error)}") from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise errors.BadRequest(f"{what}: a value cannot be kept: {error}") from error


def insert_new(name: str, table: Table) -> Any:
    """Make an INSERT that passes over rows that are there already."""
    insert = postgresql.insert(table) if name == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_nothing()


def has_one_writer(made: sa.Engine) -> bool:
    """Say whether a transaction that writes keeps all others from it."""
    return made.dialect.name == "sqlite"


def locked(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Let a SELECT lock its rows for changes (SQLite: the writer is alone anyway).

    Keys never change here, so that rows which only refer to these need not wait: FOR NO KEY UPDATE.
    """
    return statement.with_for_update(key_share=True)


def skip_locked(statement: sa.Select[Any], of: Table | None = None) -> sa.Select[Any]:
    """Let a SELECT lock its rows, or those ``of`` one table, and pass over those that others hold."""
    return statement.with_for_update(key_share=True, skip_locked=True, of=of)


def alone(connection: sa.Connection) -> None:
    """Keep other processes from changing the schema until this transaction ends (SQLite's writer is alone anyway)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7410338121)")
