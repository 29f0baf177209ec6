"""Networks in SQL."""

from collections.abc import Collection

import sqlalchemy as sa

from common.model.network import Network
from controller.db import tables
from controller.db.among import among, listed
from controller.db.engine import Tx
from controller.db.records import Noun

NETWORKS = Noun(Network, tables.network)
_c = tables.network.c
_EITHER = among(_c.id, "ids") | among(_c.project_id, "projects")
_NAMED = NETWORKS.select().where(_EITHER).order_by(_c.id)
_SHARED = NETWORKS.select().where(_EITHER | _c.shared).order_by(_c.id)


def visible(project_id: str | None) -> list[sa.ColumnElement[bool]]:
    """Say which networks a project may see: its own and the shared ones; None sees all."""
    return [] if project_id is None else [(tables.network.c.project_id == project_id) | tables.network.c.shared]


def find(tx: Tx, network_id: str, project_id: str | None = None, lock: bool = False) -> Network | None:
    """Read a network; with a project only one that it may see."""
    statement = NETWORKS.select().where(tables.network.c.id == network_id, *visible(project_id))
    return NETWORKS.first(tx, statement, lock)


def available(tx: Tx, project_id: str) -> list[Network]:
    """Read all networks that a project may put servers on."""
    return NETWORKS.read(tx, NETWORKS.select().where(*visible(project_id)).order_by(tables.network.c.id))


def open_to(tx: Tx, ids: Collection[str], projects: Collection[str]) -> dict[str, Network]:
    """Read the networks of these ids, of whomever, and all that these projects may put servers on; in id order."""
    if not ids and not projects:
        return {}
    found = NETWORKS.read(tx, _SHARED if projects else _NAMED, ids=listed(ids), projects=listed(projects))
    return {network.id: network for network in found}


def get(tx: Tx, ids: list[str]) -> dict[str, Network]:
    """Read networks by id, of whomever."""
    return {n.id: n for n in NETWORKS.read(tx, NETWORKS.select().where(tables.network.c.id.in_(ids)))}


def ids(tx: Tx) -> list[str]:
    """Give the ids of all networks."""
    return [network for (network,) in tx.rows(sa.select(tables.network.c.id))]


def add(tx: Tx, network: Network) -> None:
    """Insert a network."""
    NETWORKS.add(tx, [network])


def remove(tx: Tx, network_id: str) -> None:
    """Delete a network.

    :raises Conflict: it has subnets or ports.
    """
    tx.remove(tables.network, [{"id": network_id}])
