"""Hosts' credentials in SQL: which user of the broker they are, and the key that commands to them are signed with."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa

from common.model import Record
from controller.db import tables
from controller.db.engine import Tx
from controller.db.records import Noun

_table = tables.host_credential


class Credential(Record, frozen=True):
    """One of a host's credentials. ``key`` is encrypted; without ``broker_user`` the broker does not tell who speaks.

    After ``retires_at`` it is valid no longer.
    """

    id: str
    host_id: str
    broker_user: str | None
    key: str
    created_at: datetime
    retires_at: datetime | None = None


CREDENTIALS = Noun(Credential, _table)


def of_hosts(tx: Tx, hosts: Collection[str]) -> dict[str, list[Credential]]:
    """Read hosts' credentials, each host's newest first; hosts without any are left out."""
    mine = CREDENTIALS.select().where(_table.c.host_id.in_(sorted(set(hosts)))).order_by(_table.c.id.desc())
    found: dict[str, list[Credential]] = defaultdict(list)
    for credential in CREDENTIALS.read(tx, mine):
        found[credential.host_id].append(credential)
    return dict(found)


def in_use(tx: Tx, hosts: Collection[str]) -> dict[str, Credential]:
    """Give the credential that each host's agent named in its last hello; hosts whose agent has none are left out."""
    named = sa.and_(tables.host.c.id == _table.c.host_id, tables.host.c.credential == _table.c.id)
    statement = CREDENTIALS.select().join(tables.host, named).where(_table.c.host_id.in_(sorted(set(hosts))))
    return {credential.host_id: credential for credential in CREDENTIALS.read(tx, statement)}


def users(tx: Tx, hosts: Collection[str]) -> dict[str, list[str]]:
    """Give the broker's users of each host; hosts without any are left out."""
    found = {host: [c.broker_user for c in mine if c.broker_user] for host, mine in of_hosts(tx, hosts).items()}
    return {host: names for host, names in found.items() if names}


def due(tx: Tx, now: datetime) -> list[Credential]:
    """Read the credentials whose time is over."""
    return CREDENTIALS.read(tx, CREDENTIALS.select().where(_table.c.retires_at <= now).order_by(_table.c.id))


def remove(tx: Tx, ids: Iterable[str]) -> None:
    """Delete credentials: what comes with them is refused from now on."""
    tx.do(sa.delete(_table).where(_table.c.id.in_(sorted(ids))))
