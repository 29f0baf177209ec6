"""What differs between SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql, sqlite

from common import errors


def engine(url: str, pool: int) -> sa.Engine:
    """Make an engine: SQLite in WAL with a flush at each commit, PostgreSQL in UTC with bounded waits."""
    if sa.make_url(url).get_backend_name() == "postgresql":
        return sa.create_engine(
            url,
            pool_size=pool,
            max_overflow=pool,
            pool_pre_ping=True,
            connect_args={
                "options": "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=60s "
                "-c idle_in_transaction_session_timeout=60s",
                "connect_timeout": 5,
            },
        )
    made = sa.create_engine(
        url, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=pool, max_overflow=32
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
    """Raise DatabaseUnavailable where the database cannot be reached."""
    try:
        yield
    except sa.exc.OperationalError as error:
        raise errors.DatabaseUnavailable("the database is away; try again in a few seconds") from error
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise errors.DatabaseUnavailable("the database is away; try again in a few seconds") from error
        raise


def insert_new(name: str, table: Table) -> Any:
    """Make an INSERT that passes over rows that are there already."""
    insert = postgresql.insert(table) if name == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_nothing()


def skip_locked(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Let a SELECT lock its rows and pass over those that others hold (SQLite: the writer is alone anyway)."""
    return statement.with_for_update(skip_locked=True)
