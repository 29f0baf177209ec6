"""The inbox in SQL: events that must count once, and what hosts said of their servers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from common import wire
from controller.db import tables
from controller.db.engine import Tx

_table = tables.inbox
Outcome = wire.Settled | wire.Failed
_OUTCOMES: dict[str, type[Outcome]] = {"settled": wire.Settled, "failed": wire.Failed}


def add_new(tx: Tx, events: Sequence[wire.Event], now: datetime) -> set[tuple[str, str]]:
    """Write events, and give those that had not come before, each as (id, host): an id is its host's alone."""
    rows = [
        {
            "id": e.id,
            "host_id": e.host,
            "kind": e.kind,
            "server_id": e.server,
            "generation": e.generation,
            "body": bytes(e.body).decode() if e.kind in _OUTCOMES else "",
            "received_at": now,
        }
        for e in sorted(events, key=lambda e: (e.id, e.host))
    ]
    return {(str(id_), str(host)) for id_, host in tx.ensure(_table, rows)}


def outcomes(tx: Tx, generations: Mapping[str, int]) -> dict[str, Outcome]:
    """Give the newest outcome of each server's goal at a generation; those without one are left out.

    :param generations: generation by server id.
    """
    c = _table.c
    statement = (
        sa.select(c.server_id, c.generation, c.kind, c.body)
        .where(c.server_id.in_(sorted(generations)), c.kind.in_(list(_OUTCOMES)))
        .order_by(c.received_at, c.id)
    )
    return {
        server: wire.unpack(body.encode(), _OUTCOMES[kind])
        for server, generation, kind, body in tx.rows(statement)
        if generations[server] == generation
    }


def forget(tx: Tx, servers: Iterable[str]) -> None:
    """Delete what was said of servers that are gone."""
    tx.do(sa.delete(_table).where(_table.c.server_id.in_(list(servers))))
