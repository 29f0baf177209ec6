"""Aggregates in SQL, and the availability zones that they make."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from common import errors
from common.model.aggregate import DEFAULT_ZONE, Aggregate
from controller.db import dialect, hosts, tables
from controller.db.engine import Tx

_table, _member = tables.aggregate, tables.aggregate_host
_c = _table.c
_ROWS = sa.select(_c.id, _c.uuid, _c.name, _c.metadata, _c.created_at, _c.updated_at).order_by(_c.id)
_HOSTS = sa.select(_member.c.aggregate_id, _member.c.host_id).order_by(_member.c.host_id)
_METADATA = (
    sa.select(_c.metadata)
    .join(_member, _c.id == _member.c.aggregate_id)
    .where(_member.c.host_id == sa.bindparam("host"))
    .order_by(_c.id)
)


def all(tx: Tx) -> list[Aggregate]:  # noqa: A001 - reads as aggregates.all(tx)
    """Read all aggregates with their hosts, in the order in which they were made."""
    return _read(tx, _ROWS, _HOSTS)


def find(tx: Tx, number: int, lock: bool = False) -> Aggregate | None:
    """Read one by its number; with ``lock`` nobody else changes it, or which hosts it has."""
    rows = _ROWS.where(_c.id == number)
    found = _read(tx, dialect.locked(rows) if lock else rows, _HOSTS.where(_member.c.aggregate_id == number))
    return found[0] if found else None


def lock_all(tx: Tx) -> list[Aggregate]:
    """Read likewise all of them, and let nobody else change any: who makes zones looks at all others."""
    return _read(tx, dialect.locked(_ROWS), _HOSTS)


def _read(tx: Tx, rows: sa.Select[Any], members: sa.Select[Any]) -> list[Aggregate]:
    found = tx.rows(rows)
    having: defaultdict[int, list[str]] = defaultdict(list)
    for number, host in tx.rows(members) if found else ():
        having[number].append(host)
    return [
        Aggregate(
            id=id_,
            number=number,
            name=name,
            metadata=metadata,
            created_at=created,
            updated_at=updated,
            hosts=tuple(having[number]),
        )
        for number, id_, name, metadata, created, updated in found
    ]


def metadata_of(tx: Tx, host: str) -> list[dict[str, str]]:
    """Give what the aggregates say that a host is in."""
    return [metadata for (metadata,) in tx.rows(_METADATA, host=host)]


def zones(tx: Tx) -> dict[str, str]:
    """Give the zone of each host that an aggregate puts into one; all others are in the default one."""
    return {host: made.zone for made in all(tx) if made.zone is not None for host in made.hosts}


def zone_of(zoned: Mapping[str, str], host: str) -> str:
    """Give a host's zone, by what ``zones`` gave."""
    return zoned.get(host, DEFAULT_ZONE)


def add(tx: Tx, made: Aggregate) -> Aggregate:
    """Insert an aggregate without hosts, and give it with its number.

    :raises Conflict: the name is taken.
    """
    row = {"uuid": made.id, **_row(made), "created_at": made.created_at}
    numbers = tx.ensure(_table, [row])
    if not numbers:
        raise errors.Conflict(f"Aggregate {made.name} already exists.")
    ((number,),) = numbers
    return Aggregate(id=made.id, number=number, name=made.name, created_at=made.created_at, metadata=made.metadata)


def save(tx: Tx, changed: Aggregate) -> None:
    """Write an aggregate that is there already; which hosts it has is not touched.

    :raises Conflict: another one has that name.
    """
    taken = tx.one(sa.select(_c.id).where(_c.name == changed.name, _c.id != changed.number))
    if taken:
        raise errors.Conflict(f"Aggregate {changed.name} already exists.")
    tx.change(_table, [{"id": changed.number, **_row(changed)}])
    hosts.touch(tx, changed.hosts)


def _row(made: Aggregate) -> dict[str, Any]:
    return {"name": made.name, "metadata": made.metadata, "updated_at": made.updated_at}


def remove(tx: Tx, number: int) -> None:
    """Delete an aggregate that has no hosts."""
    tx.remove(_table, [{"id": number}])


def join(tx: Tx, number: int, host: str) -> None:
    """Put a host into an aggregate.

    :raises Conflict: it is there already.
    """
    tx.put(_member, [{"aggregate_id": number, "host_id": host}])
    hosts.touch(tx, [host])


def leave(tx: Tx, number: int, host: str) -> None:
    """Take a host out of an aggregate."""
    tx.remove(_member, [{"aggregate_id": number, "host_id": host}], where=("aggregate_id", "host_id"))
    hosts.touch(tx, [host])
