"""The rows of a host's inventory, and the lock that stands before their changes."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from common import errors, resources
from controller.db import dialect, tables
from controller.db.among import among, listed
from controller.db.engine import Tx
from controller.db.stamps import Stamp

LOG = logging.getLogger(__name__)

WHOLE = -1
"""The cell of what is not tied to a NUMA cell."""

Key = tuple[int, str]
"""A cell and a resource class."""

KEYS = ("host_id", "cell", "class")
_CLOSED = "short of "
_inventory, _host = tables.inventory, tables.host
_c = _inventory.c
_ALL = sa.select(_c.host_id, _c.cell, _c["class"], _c.total, _c.reserved, _c.capacity, _c.used, _c.short_by, _c.ratio)
_SOME = _ALL.where(among(_c.host_id, "hosts"))
_LOCK = dialect.locked(sa.select(_host.c.id, _host.c.closed).where(among(_host.c.id, "hosts")).order_by(_host.c.id))
_STEP = (
    sa.update(_host)
    .where(_host.c.id == sa.bindparam("host"))
    .values(generation=_host.c.generation + 1, changed=Stamp(), closed=sa.bindparam("closed"))
)


class Stock(NamedTuple):
    """One row of a host's inventory. ``capacity`` is never below ``used``; ``short_by`` is what is really missing."""

    total: int
    reserved: int
    capacity: int
    used: int = 0
    short_by: int = 0
    ratio: float = 1.0

    def fitted(self) -> "Stock":
        """Give the row with a capacity that holds what is used, and what that is short by."""
        real = self.capacity - self.short_by
        return self._replace(capacity=max(real, self.used), short_by=max(0, self.used - real))


def read(tx: Tx, hosts: Iterable[str] | None = None) -> dict[str, dict[Key, Stock]]:
    """Read inventories by host, cell and resource class; of all hosts unless some are named."""
    found: dict[str, dict[Key, Stock]] = defaultdict(dict)
    for host, cell, name, *numbers in tx.rows(_ALL) if hosts is None else tx.rows(_SOME, hosts=listed(hosts)):
        found[host][cell, name] = Stock(*numbers)
    return dict(found)


def stocks(tx: Tx, hosts: Iterable[str] | None = None) -> dict[str, dict[str, Stock]]:
    """Read likewise what is not tied to a cell, by host and resource class."""
    return {
        host: {name: stock for (cell, name), stock in have.items() if cell == WHOLE}
        for host, have in read(tx, hosts).items()
    }


def lock(tx: Tx, hosts: Sequence[str]) -> dict[str, str]:
    """Lock hosts, in the order of their ids, and give why each is closed; empty: it is open.

    :raises NotFound: one of them is not there.
    """
    locked = {str(host): str(closed) for host, closed in tx.rows(_LOCK, hosts=listed(hosts))}
    if len(locked) != len(hosts):
        raise errors.NotFound(f"no such host: {', '.join(sorted(set(hosts) - locked.keys()))}")
    return locked


class Change(NamedTuple):
    """How a locked host's rows were and are to be.

    ``closed``: why it was closed. ``gone``: CPUs and devices, in words, that servers have and the host has no more.
    """

    host: str
    closed: str
    old: Mapping[Key, Stock]
    new: Mapping[Key, Stock]
    gone: Sequence[str]


def write(tx: Tx, change: Change) -> None:
    """Write a host's rows, raise its generation, and close or open it."""
    host, old, new = change.host, change.old, change.new
    rows = {key: {"host_id": host, "cell": key[0], "class": key[1]} | s._asdict() for key, s in sorted(new.items())}
    tx.put(_inventory, [row for key, row in rows.items() if key not in old])
    tx.change(_inventory, [row for key, row in rows.items() if key in old and old[key] != new[key]], where=KEYS)
    short = [*(_words(key, s) for key, s in sorted(new.items()) if s.short_by), *change.gone]
    others = "" if change.closed.startswith(_CLOSED) else change.closed
    closed = _CLOSED + ", ".join(short) if short else others
    if closed != change.closed:
        LOG.warning("host %s is %s", host, closed or "open again")
    tx.do(_STEP, host=host, closed=closed)


def _words(key: Key, stock: Stock) -> str:
    cell, name = key
    where = "" if cell == WHOLE else f" in cell {cell}"
    return f"{stock.short_by} {resources.UNITS.get(name, 'units')} of {name}{where}"
