"""Hosts with all that a scheduler looks at, as they are in the tables."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from common.states import State
from controller.db import tables
from controller.db.among import among, listed
from controller.db.engine import Tx
from controller.db.ledger import rows
from controller.db.ledger.pieces import CPUS, DEVICES, Cpu, Device, Held
from controller.db.ledger.rows import Key, Stock

_c, _s, _m, _a = tables.host.c, tables.server.c, tables.server_group_member.c, tables.aggregate_host.c
_HOSTS = sa.select(
    *(_c.id, _c.name, _c.generation, _c.epoch, _c.enabled, _c.disabled_reason, _c.closed, _c.state, _c.lease_until),
    *(_c.domain, _c.traits, _c.features, _c.inventory),
).where(among(_c.id, "hosts"))
_SERVERS = (
    sa.select(_s.host_id, sa.func.count(), sa.func.sum(sa.case((_s.state == State.BUILD.value, 1), else_=0)))
    .where(among(_s.host_id, "hosts"), _s.state != State.DELETED.value)
    .group_by(_s.host_id)
)
_MEMBERS = (
    sa.select(_s.host_id, _m.group_id, sa.func.count())
    .join(tables.server, _s.id == _m.server_id)
    .where(among(_s.host_id, "hosts"))
    .group_by(_s.host_id, _m.group_id)
)
_WITHIN = (
    sa.select(_a.host_id, tables.aggregate.c.uuid)
    .join(tables.aggregate, tables.aggregate.c.id == _a.aggregate_id)
    .where(among(_a.host_id, "hosts"))
)


class Shelf(NamedTuple):
    """A host. ``inventory`` is its last report; ``groups``: members here by server group.

    ``servers``: how many are here; ``busy``: how many of them were being built when the host was read.
    """

    id: str
    name: str
    generation: int
    epoch: int
    enabled: bool
    disabled_reason: str
    closed: str
    state: str
    lease_until: datetime
    domain: str
    traits: Sequence[str]
    features: frozenset[str]
    inventory: Mapping[str, Any]
    stocks: Mapping[Key, Stock] = {}
    cpus: Sequence[Held[Cpu]] = ()
    devices: Sequence[Held[Device]] = ()
    aggregates: frozenset[str] = frozenset()
    groups: Mapping[str, int] = {}
    servers: int = 0
    busy: int = 0


def shelves(tx: Tx, hosts: Collection[str]) -> list[Shelf]:
    """Read hosts; those that are not there are left out.

    Generations are read first: what changes in between fails their comparison when a claim is written.
    """
    names = listed(hosts)
    found = [Shelf(*row) for row in tx.rows(_HOSTS, hosts=names)] if hosts else []
    if not found:
        return []
    stocks, cpus, devices = rows.read(tx, hosts), CPUS.read(tx, hosts), DEVICES.read(tx, hosts)
    counts = {host: (there, building) for host, there, building in tx.rows(_SERVERS, hosts=names)}
    members: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for host, group, count in tx.rows(_MEMBERS, hosts=names):
        members[host][group] = count
    within: defaultdict[str, set[str]] = defaultdict(set)
    for host, aggregate in tx.rows(_WITHIN, hosts=names):
        within[host].add(aggregate)
    return [
        shelf._replace(
            features=frozenset(shelf.features),
            stocks=stocks.get(shelf.id, {}),
            cpus=cpus.get(shelf.id, ()),
            devices=devices.get(shelf.id, ()),
            aggregates=frozenset(within.get(shelf.id, ())),
            groups=members.get(shelf.id, {}),
            servers=counts.get(shelf.id, (0, 0))[0],
            busy=counts.get(shelf.id, (0, 0))[1],
        )
        for shelf in found
    ]
