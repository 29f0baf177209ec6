"""The store: transactions, and the few verbs that everything writes with."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Table

from common import errors
from common.clock import Clock
from controller.db import bulk, dialect, direct
from controller.db.bulk import Names, Row
from controller.db.pulse import Pulse

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds that a writer waits for the ones before it."""


class Tx:
    """One open transaction: the only way that a step or a change may touch the world."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self._database = connection.dialect.name

    def put(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert rows; all have the same columns.

        :raises Conflict: one is there already, or breaks a rule of the table.
        """
        self._insert(table, rows)

    def ensure(self, table: Table, rows: Sequence[Row]) -> set[tuple[Any, ...]]:
        """Insert the rows that are not there yet, and give their primary keys; others stay as they are.

        One that another transaction is just inserting is waited for.
        """
        return set(self._insert(table, rows, returning=tuple(table.primary_key.columns.keys()), spare=True))

    def _insert(
        self, table: Table, rows: Sequence[Row], returning: Names = (), spare: bool = False
    ) -> list[tuple[Any, ...]]:
        if not rows:
            return []
        statement = bulk.insert(self._database, table, tuple(rows[0]), returning, spare)
        with dialect.refusals(table.name):
            found = self._with_rows(statement, table, bulk.with_defaults(table, rows))
            return [tuple(row) for row in found] if returning else []

    def change(
        self,
        table: Table,
        rows: Sequence[Row],
        where: Sequence[str] = ("id",),
        add: Sequence[str] = (),
        empty: Sequence[str] = (),
    ) -> int:
        """Update one row for each of ``rows``, found by the columns ``where``; the others are set, or added (``add``).

        They are locked in the order of their keys. All of ``rows`` have the same columns.

        :param empty: columns; one in which any of these is not null is left as it is, and is not found.
        :returns: how many were found; fewer than ``rows`` means that a comparison (a generation, an epoch) failed.
        :raises Conflict: a rule of the table forbids it (a claim over capacity, a quota).
        """
        found = 0
        for some in bulk.rounds(rows, tuple(where)):
            names = tuple(some[0])
            several = len(some) > 1
            statement = bulk.update(self._database, table, names, tuple(where), tuple(add), several, tuple(empty))
            with dialect.refusals(table.name):
                found += self._with_rows(statement, table, some).rowcount
        return found

    def remove(self, table: Table, rows: Sequence[Row], where: Sequence[str] = ("id",)) -> int:
        """Delete what matches each of ``rows`` in the columns ``where``; gives how many went."""
        if not rows:
            return 0
        keys = [{name: row[name] for name in where} for row in rows]
        statement = bulk.delete(self._database, table, tuple(where), len(rows) > 1)
        with dialect.refusals(table.name):
            return self._with_rows(statement, table, keys).rowcount

    def _with_rows(self, statement: str, table: Table, rows: Sequence[Row]) -> sa.CursorResult[Any]:
        return self.connection.exec_driver_sql(statement, (bulk.encode(self._database, table, rows),))

    def rows(self, statement: sa.Executable, **values: Any) -> list[tuple[Any, ...]]:
        """Run a statement and give all its rows, as plain tuples.

        :param values: its named parameters. One that was made once costs a third of one that is made for each call.
        """
        return [tuple(row) for row in self.connection.execute(statement, values).all()]

    def one(self, statement: sa.Executable, **values: Any) -> tuple[Any, ...] | None:
        """Run a statement, likewise, and give its first row, or None."""
        row = self.connection.execute(statement, values).first()
        return tuple(row) if row is not None else None

    def do(self, statement: sa.Executable, **values: Any) -> int:
        """Run a statement and give the number of rows it touched.

        :param values: its named parameters.
        :raises Conflict: a rule of a table forbids it.
        """
        with dialect.refusals("database"):
            return self.connection.execute(statement, values).rowcount

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Take back what happens inside if it raises, and nothing else."""
        with self.connection.begin_nested():
            yield


class Store:
    """A database. ``tx()`` writes, ``read()`` only reads; SQLite has one writer at a time.

    A block of ``tx()`` runs once; ``run()`` runs a function again when its transaction lost against another one.
    """

    def __init__(self, url: str, pool: int = 10) -> None:
        self.engine = dialect.engine(url, pool)
        self._writing = threading.Lock() if self.engine.dialect.name == "sqlite" else None
        self.pulse: Pulse | None = None
        """Who notices a database that answers nothing; None: nobody does."""

    @contextmanager
    def tx(self) -> Iterator[Tx]:
        """Open a transaction that commits at the end, or rolls back if its block raises.

        :raises Contention: it lost against another transaction; nothing was committed.
        :raises DatabaseUnavailable: the database is away; nothing was committed, or (at COMMIT) it is not known.
        """
        self._check()
        with self._alone(), dialect.away(), self.engine.begin() as connection:
            yield Tx(connection)

    def run(self, work: Callable[[Tx], T], tries: int = 5) -> T:
        """Run ``work`` in a transaction, whole and from the start again while it loses against others.

        :raises Contention: it lost each time.
        """
        for _ in range(tries - 1):
            with suppress(errors.Contention), self.tx() as tx:
                return work(tx)
        with self.tx() as tx:
            return work(tx)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a transaction that sees one moment of the database and changes nothing."""
        self._check()
        with dialect.away(), dialect.reading(self.engine) as connection:
            yield Tx(connection)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def watched(self, clock: Clock) -> Pulse | None:
        """Have somebody notice when the database answers nothing; gives whose turns that takes. SQLite needs none."""
        self.pulse = Pulse(self.engine, clock) if direct.is_postgresql(self.engine) else None
        return self.pulse

    def _check(self) -> None:
        if self.pulse:
            self.pulse.check()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Queue SQLite's writers here: its own waiting sleeps, and is not in turn."""
        if self._writing is None:
            yield
            return
        if not self._writing.acquire(timeout=PATIENCE):
            raise errors.Contention("the database is busy; try again in a few seconds")
        try:
            yield
        finally:
            self._writing.release()
