"""Rows in one JSON parameter: what arrives is what the plain way writes, on both databases."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import errors
from controller.db import bulk
from controller.db.engine import Store, Tx
from controller.db.tables import UtcTime

ALL = sa.Table(
    "of every kind",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("class", sa.Text),
    sa.Column("number", sa.Integer),
    sa.Column("big", sa.BigInteger),
    sa.Column("real", sa.Double),
    sa.Column("flag", sa.Boolean),
    sa.Column("at", UtcTime),
    sa.Column("null_is_json", sa.JSON),
    sa.Column("null_is_sql", sa.JSON(none_as_null=True)),
)

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
TIMES = st.datetimes(
    datetime(1900, 1, 1),
    datetime(2200, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-11))]),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "class": st.none() | TEXTS,
    "number": st.none() | st.integers(-(2**31), 2**31 - 1),
    "big": st.none() | st.integers(-(2**63), 2**63 - 1),
    "real": st.none() | st.integers(-(10**6), 10**6).map(lambda n: n / 8),
    "flag": st.none() | st.booleans(),
    "at": st.none() | TIMES,
    "null_is_json": JSON,
    "null_is_sql": JSON,
}
ROWS = st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=4)
Way = Callable[[Tx, Sequence[dict[str, Any]]], Any]


def plain_put(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    tx.connection.execute(sa.insert(ALL), list(rows))


def plain_change(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        tx.do(sa.update(ALL).where(ALL.c.id == row["id"]).values({k: v for k, v in row.items() if k != "id"}))


def written(store: Store, rows: Sequence[dict[str, Any]], way: Way, before: Way | None = None) -> list[Any]:
    """Give what the table holds after rows were written in a way; nothing stays. ``IS NULL`` tells SQL's null."""
    with store.tx() as tx:
        ALL.create(tx.connection)
        if before:
            before(tx, [{"id": row["id"]} for row in rows])
        way(tx, rows)
        nulls = [column.is_(sa.null()) for column in (ALL.c.null_is_json, ALL.c.null_is_sql)]
        found = tx.rows(sa.select(*ALL.c, *nulls).order_by(ALL.c.id))
        if store.engine.dialect.name == "sqlite":  # its columns hold anything: ask what
            found += tx.rows(
                sa.select(*(sa.func.typeof(c) for c in ALL.c), sa.cast(ALL.c.at, sa.Text)).order_by(ALL.c.id)
            )
        ALL.drop(tx.connection)
    return found


BOTH = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@BOTH
@given(ROWS)
def test_put_writes_what_the_plain_way_writes(store: Store, values: list[dict[str, Any]]) -> None:
    rows = [{"id": str(number), **row} for number, row in enumerate(values)]
    assert written(store, rows, lambda tx, some: tx.put(ALL, some)) == written(store, rows, plain_put)


@BOTH
@given(ROWS)
def test_change_writes_what_the_plain_way_writes(store: Store, values: list[dict[str, Any]]) -> None:
    rows = [{"id": str(number), **row} for number, row in enumerate(values)]
    ways = (lambda tx, some: tx.change(ALL, some), plain_change)
    one, other = (written(store, rows, way, before=plain_put) for way in ways)
    assert one == other


def test_one_key_twice_is_changed_twice(store: Store) -> None:
    with store.tx() as tx:
        ALL.create(tx.connection)
        tx.put(ALL, [{"id": "a", "number": 1}, {"id": "b", "number": 1}])
        rows = [{"id": "a", "number": 2}, {"id": "b", "number": 3}, {"id": "a", "number": 4}]
        assert tx.change(ALL, rows, add=("number",)) == 3
        assert tx.rows(sa.select(ALL.c.id, ALL.c.number).order_by(ALL.c.id)) == [("a", 7), ("b", 4)]
        assert tx.remove(ALL, [{"id": "a", "number": 7}, {"id": "b", "number": 0}], where=("id", "number")) == 1
        ALL.drop(tx.connection)


def test_rows_with_other_columns_than_the_first_are_a_mistake(store: Store) -> None:
    rows = [{"id": "a", "class": "x"}, {"id": "b"}]
    for verb in (lambda tx: tx.put(ALL, rows), lambda tx: tx.change(ALL, rows)):
        with pytest.raises(ValueError, match="not all the same columns"), store.tx() as tx:
            verb(tx)


def put_too_much(tx: Tx, number: int) -> None:
    ALL.create(tx.connection)
    tx.put(ALL, [{"id": "a", "big": number}])


def change_too_much(tx: Tx, number: int) -> None:
    put_too_much(tx, 1)
    tx.change(ALL, [{"id": "a", "big": number}])


@pytest.mark.parametrize("write", [put_too_much, change_too_much])
@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_number_beyond_64_bits_is_refused(store: Store, write: Callable[[Tx, int], None], number: int) -> None:
    with pytest.raises(errors.BadRequest, match="cannot be kept"), store.tx() as tx:
        write(tx, number)


def test_a_statement_is_made_once_for_its_columns() -> None:
    texts = [bulk.update("postgresql", ALL, ("id", "number"), ("id",), (), several) for several in (True, False, True)]
    assert texts[0] is texts[2]
    assert "FOR NO KEY UPDATE" in texts[0], "several rows are locked in the order of their keys"
    assert "FOR NO KEY UPDATE" not in texts[1]
