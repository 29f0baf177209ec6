"""Pages of lists: where one begins, how it is sorted, and how many entries it has."""

from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa

from common import errors
from common.model import Record
from controller.db.engine import Tx
from controller.db.records import Noun

T = TypeVar("T", bound=Record)
_Way = tuple[sa.ColumnElement[Any], bool]
"""What to sort by, and whether descending."""


class Page(NamedTuple):
    """Which part of a list: at most ``limit`` entries after the one whose id is ``marker``; None: from the start.

    ``sort`` is a list of (column, descending); the id is added at its end, so that the order is total.
    """

    limit: int
    marker: str | None = None
    sort: tuple[tuple[str, bool], ...] = ()


class Paged(NamedTuple, Generic[T]):
    """A page's records, and whether others follow."""

    records: list[T]
    more: bool


def page_of(tx: Tx, noun: Noun[T], where: list[sa.ColumnElement[bool]], page: Page, key: str = "id") -> Paged[T]:
    """Read one page of the records that ``where`` lets through.

    :param key: the column that markers are values of; unique among those records.
    :raises BadRequest: the marker is not one of those records.
    """
    order = (*page.sort, (key, False))
    columns = [way for name, descending in order for way in _ways(noun.table.c[name], descending)]
    statement = noun.select().where(*where)
    if page.marker is not None:
        statement = statement.where(_after(columns, _place(tx, noun, where, page.marker, columns, key)))
    sorting = [column.desc() if descending else column.asc() for column, descending in columns]
    found = noun.read(tx, statement.order_by(*sorting).limit(page.limit + 1))
    return Paged(found[: page.limit], len(found) > page.limit)


def _ways(column: sa.Column[Any], descending: bool) -> list[_Way]:
    """Sort by a column: by whether it is null first, as databases differ in where they put nulls."""
    null = sa.case((column.is_(None), 1), else_=0)
    return [(null, descending), (column, descending)] if column.nullable else [(column, descending)]


def _place(
    tx: Tx,
    noun: Noun[Any],
    where: list[sa.ColumnElement[bool]],
    marker: str,
    columns: list[_Way],
    key: str,
) -> tuple[Any, ...]:
    row = tx.one(sa.select(*(column for column, _ in columns)).where(*where, noun.table.c[key] == marker))
    if row is None:
        raise errors.BadRequest(f"marker {marker!r} is not in this list")
    return row


def _after(columns: list[_Way], place: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    """Say what comes after a place: equal in some columns, then further in the next one."""
    ways = []
    for depth, (column, descending) in enumerate(columns):
        if place[depth] is None:
            continue  # no null is further than another
        same = [before == value for (before, _), value in zip(columns[:depth], place[:depth], strict=True)]
        ways.append(sa.and_(*same, column < place[depth] if descending else column > place[depth]))
    return sa.or_(*ways)
