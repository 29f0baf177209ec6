"""Queries in SQL: a question to a server's host, and its answer."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import sqlalchemy as sa

from common import wire
from controller.db import tables
from controller.db.engine import Tx

_table = tables.query


def add(tx: Tx, query: str, server: str, asked_at: datetime, expires_at: datetime) -> None:
    """Write a question."""
    row = {"id": query, "server_id": server, "asked_at": asked_at, "expires_at": expires_at, "answer": None}
    tx.put(_table, [row])


def servers(tx: Tx, queries: list[str]) -> dict[str, str]:
    """Give the server that each of these questions is about."""
    found = tx.rows(sa.select(_table.c.id, _table.c.server_id).where(_table.c.id.in_(queries)))
    return {str(query): str(server) for query, server in found}


def answer(tx: Tx, answers: Mapping[str, wire.Answer]) -> None:
    """Write answers, by query; one to a question that is gone is passed over."""
    tx.change(_table, [{"id": q, "answer": msgspec.to_builtins(a)} for q, a in sorted(answers.items())])


def answered(tx: Tx, query: str) -> wire.Answer | None:
    """Read the answer to a question, if it has come."""
    row = tx.one(sa.select(_table.c.answer).where(_table.c.id == query))
    return msgspec.convert(row[0], wire.Answer) if row and row[0] is not None else None
