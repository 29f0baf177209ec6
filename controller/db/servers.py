"""Servers in SQL."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from common.model.server import Server
from common.states import State
from controller.db import dialect, tables
from controller.db.among import among, listed
from controller.db.engine import Tx
from controller.db.records import Noun

SERVERS = Noun(Server, tables.server)
_NAMED = SERVERS.select().where(among(tables.server.c.id, "ids")).order_by(tables.server.c.id)
_LOCKED = dialect.locked(_NAMED)


def get(tx: Tx, ids: Iterable[str], lock: bool = False) -> dict[str, Server]:
    """Read servers by id, deleted ones too; with ``lock`` nobody else changes them before this transaction ends."""
    return {s.id: s for s in SERVERS.read(tx, _LOCKED if lock else _NAMED, ids=listed(ids))}


def save(tx: Tx, servers: Sequence[Server]) -> None:
    """Write servers that are there already, whole."""
    SERVERS.save(tx, servers)


def update(tx: Tx, changes: Iterable[tuple[Server, Server]]) -> None:
    """Write what differs between locked servers as they were read and as they are to be: (before, after)."""
    SERVERS.update(tx, changes)


def on_hosts(tx: Tx, hosts: Iterable[str]) -> list[Server]:
    """Read the servers of these hosts: those that are not deleted, or whose deletion is still under way."""
    c, work = tables.server.c, tables.workflow.c
    under_way = sa.exists().where(work.subject == c.id, work.state == "live")
    mine = sa.and_(c.host_id.in_(list(hosts)), sa.or_(c.state != State.DELETED.value, under_way))
    return SERVERS.read(tx, SERVERS.select().where(mine).order_by(c.id))
