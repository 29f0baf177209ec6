"""Idempotency keys in SQL: one row for each key of a project, holding the sealed answer for a day.

A key is reserved in the transaction of its change, before the change: a second transaction with the same key waits
there for the first one's end and then reads its answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from common import errors
from controller.db import tables
from controller.db.engine import Tx

KEPT = timedelta(hours=24)
"""How long an answer is given again."""

Name = tuple[str, str]
"""A key's project and the key itself."""

_WHERE = ("project_id", "key")
_c = tables.idempotency.c


class Kept(NamedTuple):
    """What a key was used with before, and the sealed answer."""

    request_digest: str
    answer: str


def reserve(tx: Tx, keys: Mapping[Name, str], now: datetime) -> dict[Name, Kept]:
    """Reserve keys, given with the digests of their requests; those used in the last day come back instead.

    :raises Contention: another transaction let a key go at this very moment.
    """
    names = sorted(keys)
    if not names:
        return {}
    tx.do(sa.delete(tables.idempotency).where(_among(names), _c.created_at <= now - KEPT))
    rows = [
        {"project_id": project, "key": key, "request_digest": keys[project, key], "answer": "", "created_at": now}
        for project, key in names
    ]
    added = tx.ensure(tables.idempotency, rows)
    used = [name for name in names if name not in added]
    found = _read(tx, used)
    if len(found) != len(used):
        raise errors.Contention("an idempotency key was let go at this moment; try again")
    return found


def answer(tx: Tx, answers: Mapping[Name, str]) -> None:
    """Keep the sealed answers of reserved keys."""
    rows = [{"project_id": project, "key": key, "answer": text} for (project, key), text in sorted(answers.items())]
    tx.change(tables.idempotency, rows, where=_WHERE)


def let_go(tx: Tx, names: Iterable[Name]) -> None:
    """Drop reservations whose change was refused."""
    tx.remove(tables.idempotency, [{"project_id": project, "key": key} for project, key in sorted(names)], _WHERE)


def _among(names: Sequence[Name]) -> sa.ColumnElement[bool]:
    return sa.tuple_(_c.project_id, _c.key).in_(list(names))


def _read(tx: Tx, names: Sequence[Name]) -> dict[Name, Kept]:
    if not names:
        return {}
    statement = sa.select(_c.project_id, _c.key, _c.request_digest, _c.answer).where(_among(names))
    return {(project, key): Kept(digest, text) for project, key, digest, text in tx.rows(statement)}
