"""Subnets in SQL."""

from collections.abc import Iterable
from datetime import datetime
from ipaddress import IPv4Network

import sqlalchemy as sa

from common.model.network import Subnet
from controller.db import tables
from controller.db.engine import Tx
from controller.db.records import Noun

SUBNETS = Noun(Subnet, tables.subnet)


def of_networks(tx: Tx, networks: Iterable[str], lock: bool = False) -> dict[str, Subnet]:
    """Read the subnet of each network that has one, by the network's id."""
    wanted = tables.subnet.c.network_id.in_(sorted(set(networks)))
    statement = SUBNETS.select().where(wanted).order_by(tables.subnet.c.id)
    return {s.network_id: s for s in SUBNETS.read(tx, statement, lock)}


def lock_ranges(tx: Tx, now: datetime) -> None:
    """Let nobody else decide on ranges before this transaction ends: two that overlap must not pass side by side."""
    c = tables.lease.c
    tx.ensure(tables.lease, [{"name": "subnet ranges", "holder": "", "epoch": 0, "until": now}])
    tx.one(sa.select(c.name).where(c.name == "subnet ranges").with_for_update())


def overlapping(tx: Tx, cidr: IPv4Network) -> list[Subnet]:
    """Read all subnets, of whomever, that share addresses with ``cidr``: hosts route all of them."""
    return [s for s in SUBNETS.read(tx, SUBNETS.select()) if IPv4Network(s.cidr).overlaps(cidr)]


def add(tx: Tx, subnet: Subnet) -> None:
    """Insert a subnet."""
    SUBNETS.add(tx, [subnet])


def remove(tx: Tx, subnet_id: str) -> None:
    """Delete a subnet and what is remembered of its freed addresses.

    :raises Conflict: a port has an address of it.
    """
    tx.remove(tables.freed_address, [{"subnet_id": subnet_id}], where=("subnet_id",))
    tx.remove(tables.subnet, [{"id": subnet_id}])


def find(tx: Tx, subnet_id: str, project_id: str | None = None, lock: bool = False) -> Subnet | None:
    """Read a subnet; with a project only one that it may see: its own, or one of a shared network."""
    statement = SUBNETS.select().where(tables.subnet.c.id == subnet_id, *visible(project_id))
    return SUBNETS.first(tx, statement, lock)


def visible(project_id: str | None) -> list[sa.ColumnElement[bool]]:
    """Say which subnets a project may see; None sees all."""
    if project_id is None:
        return []
    shared = sa.select(tables.network.c.id).where(tables.network.c.shared)
    return [(tables.subnet.c.project_id == project_id) | tables.subnet.c.network_id.in_(shared)]
