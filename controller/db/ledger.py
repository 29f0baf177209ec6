"""The ledger: what each host has, and which server claimed how much of it. Exact, and kept here only.

Whoever changes a host's rows locks the host's row first, or wins the comparison of its ``generation``; each change
raises that generation. So one host's rows have one writer at a time, whatever the database.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from common import errors, resources, settings, wire
from controller.db import dialect, tables
from controller.db.engine import Tx

LOG = logging.getLogger(__name__)

WHOLE = -1
"""The cell of what is not tied to a NUMA cell."""

_CLOSED = "short of "
_WHERE = ("host_id", "cell", "class")
_inventory, _allocation, _host = tables.inventory, tables.allocation, tables.host


class Claim(NamedTuple):
    """What a server takes of a host, by resource class."""

    server: str
    host: str
    amounts: Mapping[str, int]


class Stock(NamedTuple):
    """One row of a host's inventory. ``capacity`` is never below ``used``; ``short_by`` is what is really missing."""

    total: int
    reserved: int
    capacity: int
    used: int = 0
    short_by: int = 0

    def fitted(self) -> "Stock":
        """Give the row with a capacity that holds what is used, and what that is short by."""
        real = self.capacity - self.short_by
        return self._replace(capacity=max(real, self.used), short_by=max(0, self.used - real))


def apply_inventory(
    tx: Tx, host: str, inventory: wire.Inventory, ratios: settings.Scheduler, keep: Collection[str] = ()
) -> None:
    """Write what a host reports to have: capacity = (total - reserved) x ratio. Classes in ``keep`` stay as they are.

    A capacity below what is used closes the host to new claims until it fits again; the report is never refused.

    :raises NotFound: there is no such host.
    """
    _lock(tx, [host])
    old = stocks(tx, [host]).get(host, {})
    new = {
        name: fresh._replace(used=old[name].used if name in old else 0).fitted()
        for name, fresh in _physical(inventory, ratios).items()
    } | {name: old[name] for name in keep}
    if new != old:
        _write(tx, host, old, new)


def stocks(tx: Tx, hosts: Iterable[str] | None = None) -> dict[str, dict[str, Stock]]:
    """Read inventories by host and resource class; of all hosts unless some are named."""
    c = _inventory.c
    columns = [c.host_id, c["class"], c.total, c.reserved, c.capacity, c.used, c.short_by]
    statement = sa.select(*columns).where(c.cell == WHOLE)
    found: dict[str, dict[str, Stock]] = defaultdict(dict)
    for host, name, *numbers in tx.rows(statement if hosts is None else statement.where(c.host_id.in_(list(hosts)))):
        found[host][name] = Stock(*numbers)
    return dict(found)


class Shelf(NamedTuple):
    """A host as a scheduler looks at it. ``overhead_mib`` is what QEMU takes for each guest besides its memory."""

    id: str
    name: str
    generation: int
    enabled: bool
    disabled_reason: str
    closed: str
    state: str
    lease_until: datetime
    features: frozenset[str]
    overhead_mib: int
    stocks: Mapping[str, Stock]
    epoch: int = 0

    def same(self, generation: int, epoch: int) -> bool:
        """Say whether what the host has is still so: claims raise its generation, a hello its epoch."""
        return (self.generation, self.epoch) == (generation, epoch)


def shelves(tx: Tx, known: Mapping[str, Shelf] = {}) -> list[Shelf]:
    """Read all hosts with what they have, by name.

    :param known: hosts by id as they were read before; of those that are still so only the state is read.
    """
    c = _host.c
    plain = [c.id, c.generation, c.epoch, c.enabled, c.disabled_reason, c.closed, c.state, c.lease_until]
    hosts = tx.rows(sa.select(*plain).order_by(c.name))
    changed = [
        id_ for id_, generation, epoch, *_ in hosts if id_ not in known or not known[id_].same(generation, epoch)
    ]
    whole = _whole(tx, changed) if changed else {}
    return [
        (whole.get(id_) or known[id_])._replace(
            generation=generation,
            epoch=epoch,
            enabled=enabled,
            disabled_reason=reason,
            closed=closed,
            state=state,
            lease_until=lease,
        )
        for id_, generation, epoch, enabled, reason, closed, state, lease in hosts
    ]


def _whole(tx: Tx, hosts: Sequence[str]) -> dict[str, Shelf]:
    """Read what hosts have, after their generations were: what changes in between fails the comparison of these."""
    c = _host.c
    plain = [c.id, c.name, c.generation, c.enabled, c.disabled_reason, c.closed, c.state, c.lease_until, c.features]
    rows = tx.rows(sa.select(*plain, c.inventory["overhead_mib"].as_integer()).where(c.id.in_(hosts)))
    have = stocks(tx, hosts)
    return {row[0]: Shelf._make([*row[:8], frozenset(row[8]), row[9] or 0, have.get(row[0], {}), 0]) for row in rows}


def claims(tx: Tx, servers: Iterable[str]) -> dict[str, str]:
    """Give the host that each of these servers has a claim on; those without are left out."""
    c = _allocation.c
    statement = sa.select(c.consumer, c.host_id).where(c.consumer.in_(list(servers))).distinct()
    return {str(server): str(host) for server, host in tx.rows(statement)}


def claimants(tx: Tx, host: str) -> list[str]:
    """Give the servers that have a claim on a host."""
    return [
        str(server)
        for (server,) in tx.rows(sa.select(_allocation.c.consumer).where(_allocation.c.host_id == host).distinct())
    ]


def claim(tx: Tx, wanted: Sequence[Claim], generations: Mapping[str, int]) -> None:
    """Write claims, decided on hosts as they were at these generations.

    :raises Conflict: a host has changed since, or has not enough: roll back and decide again.
    """
    if not wanted:
        return
    hosts = {c.host for c in wanted}
    if _next_generation(tx, {host: generations[host] for host in hosts}) != len(hosts):
        raise errors.Conflict("the ledger changed under this claim")
    taken: dict[tuple[str, str], int] = defaultdict(int)
    for c in wanted:
        for name, amount in c.amounts.items():
            taken[c.host, name] += amount
    rows = [{"host_id": h, "cell": WHOLE, "class": name, "used": n} for (h, name), n in sorted(taken.items())]
    if tx.change(_inventory, rows, where=_WHERE, add=("used",)) != len(rows):
        raise errors.Conflict("this claim is for something that its host does not have")
    tx.put(
        _allocation,
        [
            {"consumer": c.server, "host_id": c.host, "cell": WHOLE, "class": name, "amount": amount}
            for c in wanted
            for name, amount in c.amounts.items()
        ],
    )


def release(tx: Tx, servers: Iterable[str]) -> None:
    """Give back all that the ledger shows for these servers; again is harmless."""
    c = _allocation.c
    mine = c.consumer.in_(list(servers))
    hosts = sorted({host for (host,) in tx.rows(sa.select(c.host_id).where(mine).distinct())})
    if not hosts:
        return
    _lock(tx, hosts)
    freed: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for host, name, amount in tx.rows(sa.delete(_allocation).where(mine).returning(c.host_id, c["class"], c.amount)):
        freed[host][name] += amount
    for host, old in stocks(tx, freed).items():
        new = {name: s._replace(used=s.used - freed[host][name]).fitted() for name, s in old.items()}
        _write(tx, host, old, new)


def verify(tx: Tx) -> list[str]:
    """Give each place where SUM(allocations) == used <= capacity does not hold, in words; none means sound."""
    i, a = _inventory.c, _allocation.c
    total = sa.func.coalesce(sa.func.sum(a.amount), 0)
    same = sa.and_(a.host_id == i.host_id, a.cell == i.cell, a["class"] == i["class"])
    statement = (
        sa.select(i.host_id, i.cell, i["class"], i.used, i.capacity, total)
        .select_from(_inventory.outerjoin(_allocation, same))
        .group_by(i.host_id, i.cell, i["class"], i.used, i.capacity)
        .having(sa.or_(i.used != total, i.used > i.capacity))
        .order_by(i.host_id, i.cell, i["class"])
    )
    return [
        f"host {host} cell {cell} {name}: used {used}, claimed {claimed}, capacity {capacity}"
        for host, cell, name, used, capacity, claimed in tx.rows(statement)
    ]


def physical(inventory: wire.Inventory) -> dict[str, int]:
    """Give what a host reports that guests may have, by resource class, before any ratio."""
    plain = settings.Scheduler(cpu_ratio=1.0, ram_ratio=1.0, disk_ratio=1.0)
    return {name: stock.capacity for name, stock in _physical(inventory, plain).items()}


def _physical(inventory: wire.Inventory, ratios: settings.Scheduler) -> dict[str, Stock]:
    """Turn a report into rows, as if nothing were used."""
    having = {
        resources.VCPU: (inventory.cpus, ratios.cpu_ratio),
        resources.MEMORY_MB: (inventory.memory_mib, ratios.ram_ratio),
        resources.DISK_GB: (inventory.disk_gib, ratios.disk_ratio),
    }
    made = {}
    for name, (total, ratio) in having.items():
        reserved = inventory.reserved.get(name, 0)
        made[name] = Stock(total, reserved, int(max(0, total - reserved) * ratio))
    return made


def _lock(tx: Tx, hosts: Sequence[str]) -> None:
    locked = tx.rows(dialect.locked(sa.select(_host.c.id).where(_host.c.id.in_(hosts)).order_by(_host.c.id)))
    if len(locked) != len(hosts):
        raise errors.NotFound(f"no such host: {', '.join(sorted(set(hosts) - {i for (i,) in locked}))}")


def _next_generation(tx: Tx, generations: Mapping[str, int]) -> int:
    """Raise the generations of hosts that are still at these, locked in the order of their ids; gives how many."""
    mine = sa.tuple_(_host.c.id, _host.c.generation).in_(list(generations.items()))
    locked = dialect.locked(sa.select(_host.c.id).where(mine).order_by(_host.c.id))
    return tx.do(sa.update(_host).where(_host.c.id.in_(locked)).values(generation=_host.c.generation + 1))


def _write(tx: Tx, host: str, old: Mapping[str, Stock], new: Mapping[str, Stock]) -> None:
    """Write a locked host's rows, raise its generation, and close or open it."""
    rows = {name: {"host_id": host, "cell": WHOLE, "class": name} | s._asdict() for name, s in sorted(new.items())}
    tx.put(_inventory, [row for name, row in rows.items() if name not in old])
    tx.change(_inventory, [row for name, row in rows.items() if name in old], where=_WHERE)
    short = [f"{s.short_by} {resources.UNITS[name]} of {name}" for name, s in sorted(new.items()) if s.short_by]
    values: dict[str, Any] = {"generation": _host.c.generation + 1}
    if short or any(s.short_by for s in old.values()):
        values["closed"] = _CLOSED + ", ".join(short) if short else ""
        LOG.warning("host %s is %s", host, values["closed"] or "open again")
    tx.do(sa.update(_host).where(_host.c.id == host).values(values))
