"""Placement decisions in SQL: one row each, never changed."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from common.model.decision import DecisionRecord
from controller.db import tables
from controller.db.engine import Tx

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


def _row(record: DecisionRecord) -> dict[str, Any]:
    body = msgspec.to_builtins(record)
    told = {name: value for name, value in body.items() if name not in _COLUMNS and value not in ((), [], {})}
    return {name: getattr(record, name) for name in _COLUMNS} | {"body": told}
