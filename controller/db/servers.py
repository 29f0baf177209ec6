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
_c, _work = tables.server.c, tables.workflow.c
_UNDER_WAY = sa.exists().where(_work.subject == _c.id, _work.state == "live")
_THERE = among(_c.host_id, "hosts") & sa.or_(_c.state != State.DELETED.value, _UNDER_WAY)
_ON_HOSTS = SERVERS.select().where(_THERE).order_by(_c.id)
_COUNTS = sa.select(_c.host_id, sa.func.count()).where(_THERE).group_by(_c.host_id)
_BOUND = (
    sa.select(_c.host_id, sa.func.count())
    .where(_THERE, _c.zone.is_not(None), _c.zone != sa.bindparam("zone"))
    .group_by(_c.host_id)
)
_OWNERS = sa.select(_c.id, _c.project_id).where(among(_c.id, "ids"), _c.state != State.DELETED.value)


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
    return SERVERS.read(tx, _ON_HOSTS, hosts=listed(hosts))


def counts(tx: Tx, hosts: Iterable[str]) -> dict[str, int]:
    """Count likewise how many servers each of these hosts has; one without any is left out."""
    return {str(host): int(count) for host, count in tx.rows(_COUNTS, hosts=listed(hosts))}


def bound_elsewhere(tx: Tx, hosts: Iterable[str], zone: str) -> dict[str, int]:
    """Count on these hosts the servers that asked for another zone than this one; a host without any is left out."""
    return {str(host): int(count) for host, count in tx.rows(_BOUND, hosts=listed(hosts), zone=zone)}


def owners(tx: Tx, ids: Iterable[str]) -> dict[str, str]:
    """Give the projects of these servers; those that are deleted, or never were, are left out."""
    return {str(server): str(project) for server, project in tx.rows(_OWNERS, ids=listed(ids))}
