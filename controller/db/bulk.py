"""Many rows in one statement: they travel as ONE parameter, a JSON text, which both databases unpack in C.

So a statement costs the same round trip, parse and Python work for one row or for a hundred. The texts depend on the
table and on which columns are named, never on values, and are made once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import JSON, Column, Table
from sqlalchemy.dialects import postgresql

from controller.db.tables import UtcTime

Row = Mapping[str, Any]
Names = tuple[str, ...]

_POSTGRESQL: sa.Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
_INT64 = range(-(2**63), 2**63)


@cache
def insert(database: str, table: Table, names: Names, returning: Names = (), spare: bool = False) -> str:
    """Make an INSERT of rows with these columns and of the other columns' defaults.

    :param spare: pass over rows that are there already.
    """
    names = (*names, *_defaults(table, names))
    values = ", ".join(_value(database, table.c[n]) for n in names)
    text = (
        f"INSERT INTO {_quoted(table.name)} ({_list(names)}) "
        f"SELECT {values} FROM {_rows(database, table, names)} WHERE true"  # else SQLite reads ON as a join's
    )
    if spare:
        text += " ON CONFLICT DO NOTHING"
    return f"{text} RETURNING {_list(returning)}" if returning else text


@cache
def update(
    database: str, table: Table, names: Names, where: Names, add: Names, several: bool, empty: Names = ()
) -> str:
    """Make an UPDATE that finds rows by the columns ``where`` and sets the others of ``names``, or adds to them.

    :param empty: columns that are null in what may be changed.
    :param several: there is more than one row: lock them in the order of their keys, as all do, before any is changed.
    """
    target = _quoted(table.name)
    settings = []
    for name in (n for n in names if n not in where):
        value = _value(database, table.c[name])
        settings.append(f"{_quoted(name)} = " + (f"{target}.{_quoted(name)} + {value}" if name in add else value))
    same = " AND ".join([_same(database, table, where), *(f"{target}.{_quoted(name)} IS NULL" for name in empty)])
    if several and database == "postgresql":
        return (
            f"{_in_order(table, names, where)} UPDATE {target} SET {', '.join(settings)} FROM r "
            f"WHERE {same} AND (SELECT count(*) FROM locked) >= 0"
        )
    return f"UPDATE {target} SET {', '.join(settings)} FROM {_rows(database, table, names)} WHERE {same}"


@cache
def delete(database: str, table: Table, where: Names, several: bool) -> str:
    """Make a DELETE of what matches in the columns ``where``; ``several`` as for ``update``."""
    target = _quoted(table.name)
    if several and database == "postgresql":
        same = _same(database, table, where)
        return (
            f"{_in_order(table, where, where)} DELETE FROM {target} USING r "
            f"WHERE {same} AND (SELECT count(*) FROM locked) >= 0"
        )
    values = ", ".join(_value(database, table.c[n]) for n in where)
    return f"DELETE FROM {target} WHERE ({_list(where)}) IN (SELECT {values} FROM {_rows(database, table, where)})"


def encode(database: str, table: Table, rows: Sequence[Row]) -> str:
    """Write rows as the parameter of such a statement.

    :raises ValueError: they have not all the same columns.
    :raises OverflowError: a number is too large for every integer column.
    :raises UnicodeEncodeError: a text has a lone surrogate.
    """
    names = rows[0].keys()
    if any(row.keys() != names for row in rows):
        raise ValueError(f"rows of {table.name} have not all the same columns")
    if database == "sqlite":
        casts = _casts(table, tuple(names))
        rows = [{**row, **{name: cast(row[name]) for name, cast in casts}} for row in rows]
    return msgspec.json.encode(rows).decode()


def with_defaults(table: Table, rows: Sequence[Row]) -> Sequence[Row]:
    """Give rows with the defaults of the columns that they do not name."""
    missing = _defaults(table, tuple(rows[0]))
    return [{**missing, **row} for row in rows] if missing else rows


def rounds(rows: Sequence[Row], where: Names) -> Iterator[Sequence[Row]]:
    """Divide rows so that none names what another of its part names: one UPDATE changes a row once only."""
    left = rows
    while left:
        seen: set[tuple[Any, ...]] = set()
        now: list[Row] = []
        later: list[Row] = []
        for row in left:
            key = tuple(row[name] for name in where)
            (later if key in seen else now).append(row)
            seen.add(key)
        yield now
        left = later


def _rows(database: str, table: Table, names: Names) -> str:
    """Write the parameter as a table ``r``."""
    if database == "sqlite":
        return "json_each(?) AS r"
    return f"json_to_recordset(%s) AS r ({', '.join(f'{_quoted(n)} {_type(table.c[n])}' for n in names)})"


def _value(database: str, column: "Column[Any]") -> str:
    """Write what ``r`` has for a column. In a column of JSON, null is JSON's or SQL's, as its type says."""
    is_json = isinstance(column.type, JSON)
    has_null = is_json and not column.type.none_as_null  # type: ignore[attr-defined]
    if database == "sqlite":
        path = f"""'$.{_quoted(column.name)}'"""
        if not is_json:
            return f"r.value ->> {path}"
        return f"r.value -> {path}" if has_null else f"nullif(r.value -> {path}, 'null')"
    value = f"r.{_quoted(column.name)}"
    return f"coalesce({value}, 'null')" if has_null else value


def _in_order(table: Table, names: Names, where: Names) -> str:
    """Lock what will be touched in the order of its keys: two that lock the same rows never wait for each other."""
    keys = ", ".join(f"{_quoted(table.name)}.{_quoted(n)}" for n in where)
    return (
        f"WITH r AS MATERIALIZED (SELECT * FROM {_rows('postgresql', table, names)}), "
        f"locked AS MATERIALIZED (SELECT 1 FROM {_quoted(table.name)} JOIN r ON {_same('postgresql', table, where)} "
        f"ORDER BY {keys} FOR NO KEY UPDATE OF {_quoted(table.name)})"
    )


def _same(database: str, table: Table, where: Names) -> str:
    target = _quoted(table.name)
    return " AND ".join(f"{target}.{_quoted(n)} = {_value(database, table.c[n])}" for n in where)


def _type(column: "Column[Any]") -> str:
    return column.type.compile(dialect=_POSTGRESQL)


def _list(names: Names) -> str:
    return ", ".join(_quoted(name) for name in names)


def _quoted(name: str) -> str:
    return f'"{name}"'


@cache
def _default_makers(table: Table) -> tuple[tuple[str, Callable[[], Any]], ...]:
    return tuple((c.name, _maker(c.default)) for c in table.c if c.default is not None)


def _maker(default: Any) -> Callable[[], Any]:
    return (lambda: default.arg(None)) if default.is_callable else (lambda: default.arg)


def _defaults(table: Table, names: Names) -> dict[str, Any]:
    return {name: make() for name, make in _default_makers(table) if name not in names}


@cache
def _casts(table: Table, names: Names) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Give the columns whose values SQLite must get in a form of their own."""
    casts: list[tuple[str, Callable[[Any], Any]]] = []
    for name in names:
        kind = table.c[name].type
        if isinstance(kind, UtcTime):
            casts.append((name, _moment))
        elif isinstance(kind, sa.Integer):
            casts.append((name, _int64))
    return tuple(casts)


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")


def _int64(value: int | None) -> int | None:
    if value is not None and value not in _INT64:
        raise OverflowError("a number does not fit into 64 bits")
    return value
