"""Claims: what servers take of hosts, written all at once, and given back."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from common import errors
from controller.db import dialect, tables
from controller.db.among import among, few, listed
from controller.db.engine import Tx
from controller.db.ledger import rows
from controller.db.ledger.inventory import gone
from controller.db.ledger.pieces import CPUS, DEVICES
from controller.db.ledger.rows import Change, Key
from controller.db.stamps import Stamp

_allocation, _host = tables.allocation, tables.host
_c = _allocation.c
_MINE = among(_c.consumer, "servers")
_HOME = sa.select(_c.consumer, _c.host_id).where(_MINE).distinct()
_TAKEN_BACK = sa.delete(_allocation).where(_MINE).returning(_c.host_id, _c.cell, _c["class"], _c.amount)
_AS_DECIDED = among(_host.c.id + " " + sa.cast(_host.c.generation, sa.Text), "generations")
_LOCKED = dialect.locked(sa.select(_host.c.id).where(few(_host.c.id, "hosts"), _AS_DECIDED).order_by(_host.c.id))
_STEP = sa.update(_host).where(_host.c.id.in_(_LOCKED)).values(generation=_host.c.generation + 1, changed=Stamp())


class Claim(NamedTuple):
    """What a server takes of a host: amounts by cell and resource class, CPUs and devices (addresses) one by one."""

    server: str
    host: str
    amounts: Mapping[Key, int]
    cpus: tuple[int, ...] = ()
    devices: tuple[str, ...] = ()


def claims(tx: Tx, servers: Iterable[str]) -> dict[str, str]:
    """Give the host that each of these servers has a claim on; those without are left out."""
    return {str(server): str(host) for server, host in tx.rows(_HOME, servers=listed(servers))}


def claimants(tx: Tx, host: str) -> list[str]:
    """Give the servers that have a claim on a host."""
    return [str(server) for (server,) in tx.rows(sa.select(_c.consumer).where(_c.host_id == host).distinct())]


def claim(tx: Tx, wanted: Sequence[Claim], generations: Mapping[str, int]) -> None:
    """Write claims, decided on hosts as they were at these generations.

    :raises Conflict: a host has changed since, or has not enough: roll back and decide again.
    """
    if not wanted:
        return
    hosts = {c.host for c in wanted}
    as_decided = listed(f"{host} {generations[host]}" for host in hosts)
    if tx.do(_STEP, hosts=listed(hosts), generations=as_decided) != len(hosts):
        raise errors.Conflict("the ledger changed under this claim")
    taken: dict[tuple[str, Key], int] = defaultdict(int)
    for c in wanted:
        for key, amount in c.amounts.items():
            taken[c.host, key] += amount
    using = [{"host_id": h, "cell": cell, "class": name, "used": n} for (h, (cell, name)), n in taken.items()]
    if tx.change(tables.inventory, using, where=rows.KEYS, add=("used",)) != len(using):
        raise errors.Conflict("this claim is for something that its host does not have")
    if not CPUS.take(tx, _pieces(wanted, "cpus")) or not DEVICES.take(tx, _pieces(wanted, "devices")):
        raise errors.Conflict("this claim is for a CPU or device that its host does not have, or a server has")
    tx.put(_allocation, [row for c in wanted for row in _rows(c)])


def _pieces(wanted: Iterable[Claim], field: str) -> Iterator[tuple[str, str, Any]]:
    return ((c.host, c.server, key) for c in wanted for key in getattr(c, field))


def _rows(claim: Claim) -> Iterator[dict[str, Any]]:
    for (cell, name), amount in claim.amounts.items():
        yield {"consumer": claim.server, "host_id": claim.host, "cell": cell, "class": name, "amount": amount}


def release(tx: Tx, servers: Iterable[str]) -> None:
    """Give back all that the ledger shows for these servers; again is harmless."""
    servers = list(servers)
    hosts = sorted(set(claims(tx, servers).values()))
    if not hosts:
        return
    locked = rows.lock(tx, hosts)
    freed: dict[str, dict[Key, int]] = defaultdict(lambda: defaultdict(int))
    for host, cell, name, amount in tx.rows(_TAKEN_BACK, servers=listed(servers)):
        freed[host][cell, name] += amount
    CPUS.free(tx, servers)
    DEVICES.free(tx, servers)
    for host, old in rows.read(tx, freed).items():
        new = {key: s._replace(used=s.used - freed[host][key]).fitted() for key, s in old.items()}
        rows.write(tx, Change(host, locked[host], old, new, gone(tx, host) if locked[host] else ()))
