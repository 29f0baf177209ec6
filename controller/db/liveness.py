"""What is known of hosts' agents as processes, in SQL: which one speaks, and what hangs on its host."""

from collections.abc import Mapping

import sqlalchemy as sa

from controller.db import tables
from controller.db.engine import Tx

_c = tables.host.c


def began(tx: Tx, host: str) -> tuple[str, float] | None:
    """Give the boot and the moment in it (monotonic seconds) at which the agent began that was let in last."""
    rows = tx.rows(sa.select(_c.boot_id, _c.began).where(_c.id == host))
    return next(((boot, at or 0.0) for boot, at in rows), None)


def note_began(tx: Tx, host: str, at: float) -> None:
    """Note when the agent began that is let in."""
    tx.do(sa.update(tables.host).where(_c.id == host).values(began=at))


def note_degraded(tx: Tx, hanging: Mapping[str, str | None]) -> None:
    """Write what hangs on each host, where that is news; None where nothing does."""
    known = dict(tx.rows(sa.select(_c.id, _c.degraded).where(_c.id.in_(sorted(hanging)))))
    for host, text in sorted(hanging.items()):
        if known.get(host) != text:
            tx.do(sa.update(tables.host).where(_c.id == host).values(degraded=text))
