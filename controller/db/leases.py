"""Named leases: who may act alone, for how long, and under which epoch. Rows, not locks: they survive a failover."""

from datetime import timedelta

import sqlalchemy as sa

from common.clock import Clock
from controller.db import tables
from controller.db.engine import Tx

_c = tables.lease.c


def take(tx: Tx, name: str, holder: str, seconds: float, clock: Clock) -> int | None:
    """Take a lease, or make one's own last ``seconds`` from now.

    :returns: its epoch, which grows whenever it was free before; None: another holds it.
    """
    now = clock.now()
    tx.ensure(tables.lease, [{"name": name, "holder": "", "epoch": 0, "until": now}])
    held = sa.select(_c.holder, _c.epoch, _c.until).where(_c.name == name).with_for_update()
    ((owner, epoch, until),) = tx.rows(held)
    if until > now and owner != holder:
        return None
    epoch += until <= now
    row = {"name": name, "holder": holder, "epoch": epoch, "until": now + timedelta(seconds=seconds)}
    tx.change(tables.lease, [row], where=("name",))
    return int(epoch)


def give(tx: Tx, name: str, holder: str, epoch: int, clock: Clock) -> None:
    """Give a lease back before its time; one that was lost meanwhile stays as it is."""
    row = {"name": name, "holder": holder, "epoch": epoch, "until": clock.now()}
    tx.change(tables.lease, [row], where=("name", "holder", "epoch"))
