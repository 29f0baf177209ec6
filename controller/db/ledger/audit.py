"""Whether the ledger is sound, told from its rows alone."""

from typing import Any

import sqlalchemy as sa

from common import resources
from controller.db import tables
from controller.db.engine import Tx
from controller.db.ledger.rows import WHOLE

_i, _a, _cpu, _device = tables.inventory.c, tables.allocation.c, tables.cpu.c, tables.device.c


def verify(tx: Tx) -> list[str]:
    """Give each place where the ledger does not hold, in words; none means sound.

    SUM(allocations) == used <= capacity in each row; each server has as many CPUs in each cell as it claimed, and
    devices of its own host only.
    """
    return [*_sums(tx), *_cpus(tx), *_devices(tx)]


def _sums(tx: Tx) -> list[str]:
    total = sa.func.coalesce(sa.func.sum(_a.amount), 0)
    same = sa.and_(_a.host_id == _i.host_id, _a.cell == _i.cell, _a["class"] == _i["class"])
    statement = (
        sa.select(_i.host_id, _i.cell, _i["class"], _i.used, _i.capacity, total)
        .select_from(tables.inventory.outerjoin(tables.allocation, same))
        .group_by(_i.host_id, _i.cell, _i["class"], _i.used, _i.capacity)
        .having(sa.or_(_i.used != total, _i.used > _i.capacity))
        .order_by(_i.host_id, _i.cell, _i["class"])
    )
    return [
        f"host {host} cell {cell} {name}: used {used}, claimed {claimed}, capacity {capacity}"
        for host, cell, name, used, capacity, claimed in tx.rows(statement)
    ]


def _cpus(tx: Tx) -> list[str]:
    """Compare CPUs that servers have with what they claimed, by cell and on the whole host."""
    pinned = _a["class"] == resources.PCPU
    claimed = _counted(tx, sa.select(_a.host_id, _a.consumer, _a.cell, _a.amount).where(pinned))
    by_cell = sa.select(_cpu.host_id, _cpu.server_id, _cpu.cell, sa.func.count()).where(_cpu.server_id.is_not(None))
    have = _counted(tx, by_cell.group_by(_cpu.host_id, _cpu.server_id, _cpu.cell))
    for (host, server, _), count in list(have.items()):
        have[host, server, WHOLE] = have.get((host, server, WHOLE), 0) + count
    return [
        f"host {key[0]} cell {key[2]}: server {key[1]} has {have.get(key, 0)} CPUs, claimed {claimed.get(key, 0)}"
        for key in sorted(have.keys() | claimed.keys())
        if have.get(key, 0) != claimed.get(key, 0)
    ]


def _counted(tx: Tx, statement: sa.Select[Any]) -> dict[tuple[str, str, int], int]:
    return {(host, server, cell): count for host, server, cell, count in tx.rows(statement)}


def _devices(tx: Tx) -> list[str]:
    claimed = sa.exists().where(_a.consumer == _device.server_id, _a.host_id == _device.host_id)
    columns = sa.select(_device.host_id, _device.address, _device.server_id)
    stray = columns.where(_device.server_id.is_not(None), ~claimed).order_by(_device.host_id, _device.address)
    return [
        f"host {host} device {address}: server {server} has no claim there" for host, address, server in tx.rows(stray)
    ]
