"""What each server has of its host: amounts by cell and resource class, CPUs and devices one by one."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from controller.db import tables
from controller.db.among import among, listed
from controller.db.engine import Tx
from controller.db.ledger.rows import Key

_a, _c, _d = tables.allocation.c, tables.cpu.c, tables.device.c
_AMOUNTS = sa.select(_a.consumer, _a.host_id, _a.cell, _a["class"], _a.amount).where(among(_a.host_id, "hosts"))
_CPUS = sa.select(_c.server_id, _c.cpu, _c.cell).where(among(_c.host_id, "hosts"), _c.server_id.is_not(None))
_DEVICES = sa.select(_d.server_id, _d.address).where(among(_d.host_id, "hosts"), _d.server_id.is_not(None))


class Holding(NamedTuple):
    """What a server has. ``cpus``: of each cell, in order."""

    server: str
    host: str
    amounts: Mapping[Key, int]
    cpus: Mapping[int, tuple[int, ...]]
    devices: tuple[str, ...]


def holdings(tx: Tx, hosts: Collection[str]) -> list[Holding]:
    """Read what servers have of these hosts, in the order of their ids."""
    names = listed(hosts)
    homes: dict[str, str] = {}
    amounts: dict[str, dict[Key, int]] = {}
    for server, host, cell, name, amount in tx.rows(_AMOUNTS, hosts=names):
        homes[server] = host
        amounts.setdefault(server, {})[cell, name] = amount
    cpus: dict[str, dict[int, tuple[int, ...]]] = {}
    for server, cpu, cell in sorted(tx.rows(_CPUS, hosts=names)):
        mine = cpus.setdefault(server, {})
        mine[cell] = (*mine.get(cell, ()), cpu)
    devices: dict[str, tuple[str, ...]] = {}
    for server, address in sorted(tx.rows(_DEVICES, hosts=names)):
        devices[server] = (*devices.get(server, ()), address)
    return [
        Holding(server, homes[server], amounts[server], cpus.get(server, {}), devices.get(server, ()))
        for server in sorted(homes)
    ]
