"""Placement decisions in SQL: one row each, never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from common.model.decision import DecisionRecord
from controller.db import tables
from controller.db.engine import Tx
from controller.db.tables.base import UtcTime

_COLUMNS = ("id", "server_id", "at", "host_id", "inputs")


def keep(tx: Tx, records: Sequence[DecisionRecord]) -> None:
    """Write decisions."""
    tx.put(tables.decision, [_row(record) for record in records])


def of_server(tx: Tx, server: str) -> list[DecisionRecord]:
    """Give the decisions on a server, oldest first."""
    c = tables.decision.c
    statement = sa.select(*(c[name] for name in _COLUMNS), c.body).where(c.server_id == server).order_by(c.at, c.id)
    return [
        msgspec.convert(dict(zip(_COLUMNS, columns, strict=True)) | body, DecisionRecord)
        for *columns, body in tx.rows(statement)
    ]


class Recorded(NamedTuple):
    """A decision as a replay needs it. ``ended_at``: when the server gave its claim back; None: not yet."""

    id: str
    server_id: str
    at: datetime
    host_id: str | None
    inputs: dict[str, Any]
    ended_at: datetime | None


def recorded(tx: Tx, since: datetime, until: datetime, after: str | None, limit: int) -> list[Recorded]:
    """Read decisions up to ``until`` on servers that were not gone at ``since``, in the order of their ids.

    :param after: the id of the last one that was read already.
    """
    c, s = tables.decision.c, tables.server.c
    left = sa.case((sa.and_(c.host_id.is_not(None), s.host_id.is_(None)), s.updated_at))
    ended = sa.func.coalesce(s.deleted_at, left)
    statement = (
        sa.select(c.id, c.server_id, c.at, c.host_id, c.inputs, sa.type_coerce(ended, UtcTime()))
        .join(tables.server, s.id == c.server_id)
        .where(c.at <= until, c.inputs.is_not(None), c.id > (after or ""))
        .where(sa.or_(c.at >= since, sa.and_(c.host_id.is_not(None), sa.or_(ended.is_(None), ended >= since))))
        .order_by(c.id)
        .limit(limit)
    )
    return [Recorded(*row) for row in tx.rows(statement)]


def _row(record: DecisionRecord) -> dict[str, Any]:
    body = msgspec.to_builtins(record)
    told = {name: value for name, value in body.items() if name not in _COLUMNS and not _says_nothing(value)}
    return {name: getattr(record, name) for name in _COLUMNS} | {"body": told}


def _says_nothing(value: object) -> bool:
    return value is False or value in ((), [], {})
