"""What a scheduler asks before each batch: which hosts changed since it last looked."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from common.model.host import HostState
from controller.db import tables
from controller.db.engine import Tx
from controller.db.stamps import Horizon

_c = tables.host.c
_horizon = sa.select(Horizon().label("horizon")).subquery()
_NEWS = sa.select(_horizon.c.horizon, _c.id, _c.generation, _c.epoch).select_from(
    _horizon.outerjoin(tables.host, _c.changed >= sa.bindparam("since", type_=sa.BigInteger()))
)
_COUNT = sa.select(sa.func.count()).select_from(tables.host)
_LATE = sa.select(_c.id).where(_c.state == HostState.UP.value, _c.lease_until <= sa.bindparam("now"))


class News(NamedTuple):
    """The hosts that changed, with the generation and the epoch that they have now; ``horizon`` is for the next time.

    Some may be told again that are known already.
    """

    horizon: int
    hosts: dict[str, tuple[int, int]]


def news(tx: Tx, since: int = 0) -> News:
    """Give the hosts that changed since the horizon of an earlier call; all of them if there was none."""
    found = tx.rows(_NEWS, since=since)
    return News(found[0][0], {host: (generation, epoch) for _, host, generation, epoch in found if host is not None})


def late(tx: Tx, now: datetime) -> tuple[int, frozenset[str]]:
    """Give how many hosts there are, and those of them that are thought up and whose lease has ended: no news tell."""
    ((count,),) = tx.rows(_COUNT)
    return count, frozenset(host for (host,) in tx.rows(_LATE, now=now))
