"""From rows to records and back: one place that knows which columns are JSON and which fields a record has."""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import JSON, Table

from common.model import Record
from controller.db import dialect
from controller.db.engine import Tx

T = TypeVar("T", bound=Record)


class Noun(Generic[T]):
    """A kind of record and the table it is kept in; fields and columns of the same name belong together."""

    def __init__(self, kind: type[T], table: Table) -> None:
        self.kind, self.table = kind, table
        self.names = [f.name for f in msgspec.structs.fields(kind) if f.name in table.c]
        self._json = {name for name in self.names if isinstance(table.c[name].type, JSON)}

    def row(self, record: T, names: Iterable[str] = ()) -> dict[str, Any]:
        """Write a record as a row, or only these columns of it."""
        return {name: self._value(name, getattr(record, name)) for name in names or self.names}

    def _value(self, name: str, value: Any) -> Any:
        if name in self._json:
            return msgspec.to_builtins(value)
        return str(value) if isinstance(value, str) else value  # an enum's value, as plain text

    def select(self) -> sa.Select[Any]:
        """Begin a SELECT of whole records; add ``where``, ``order_by`` and so on.

        Where it is hot, make it once, with named parameters, and give their values to ``read`` or ``first``.
        """
        return sa.select(*(self.table.c[name] for name in self.names))

    def read(self, tx: Tx, statement: sa.Select[Any], lock: bool = False, **values: Any) -> list[T]:
        """Run such a SELECT; with ``lock`` nobody else changes its rows before this transaction ends.

        Lock several rows in the order of their ids, as all do: else two transactions may wait for each other.
        """
        return [self.record(row) for row in tx.rows(dialect.locked(statement) if lock else statement, **values)]

    def first(self, tx: Tx, statement: sa.Select[Any], lock: bool = False, **values: Any) -> T | None:
        """Run such a SELECT for one record, or None."""
        row = tx.one(dialect.locked(statement) if lock else statement, **values)
        return None if row is None else self.record(row)

    def record(self, row: Sequence[Any]) -> T:
        """Make a record of a row of such a SELECT."""
        return msgspec.convert(dict(zip(self.names, row, strict=True)), self.kind)

    def add(self, tx: Tx, records: Iterable[T]) -> None:
        """Insert records.

        :raises Conflict: one is there already.
        """
        tx.put(self.table, [self.row(record) for record in records])

    def save(self, tx: Tx, records: Iterable[T], where: Sequence[str] = ("id",)) -> int:
        """Write records that are there already, whole; gives how many were found."""
        return tx.change(self.table, [self.row(record) for record in records], where=where)

    def update(self, tx: Tx, changes: Iterable[tuple[T, T]]) -> None:
        """Write what differs between records as they were read and as they are to be, found by their ids.

        :param changes: (before, after). The rows are locked, so that nobody else changed what is not written.
        """
        real = [(before, after) for before, after in changes if before is not after]
        differ = [n for n in self.names if any(getattr(b, n) != getattr(a, n) for b, a in real)]
        if differ:
            tx.change(self.table, [self.row(after, ("id", *differ)) for _, after in real])
