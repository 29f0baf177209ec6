"""Lists of networks, subnets and ports: what a project sees, filtered by equality, in pages."""

from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from common.model import Record
from common.model.network import Network, Port, Subnet
from controller.db import networks, subnets, tables
from controller.db.engine import Tx
from controller.db.networks import NETWORKS
from controller.db.paging import Page, Paged, page_of
from controller.db.ports import PORTS
from controller.db.records import Noun
from controller.db.subnets import SUBNETS

Equal = dict[str, list[Any]]
"""Column, or one of the computed, -> the values that it may have."""

_COMPUTED: dict[sa.Table, dict[str, sa.ColumnElement[Any]]] = {
    tables.network: {"status": sa.literal("ACTIVE"), "external": sa.false()},
    tables.subnet: {"ip_version": sa.literal(4)},
    tables.port: {"status": sa.case((tables.port.c.host_id.is_not(None), "ACTIVE"), else_="DOWN")},
}
"""What clients see of a thing and no column holds."""

T = TypeVar("T", bound=Record)


def all_networks(tx: Tx, project_id: str | None, equal: Equal, page: Page) -> Paged[Network]:
    """Read a page of the networks that a project sees; None sees all."""
    return _listing(tx, NETWORKS, networks.visible(project_id), equal, page)


def all_subnets(tx: Tx, project_id: str | None, equal: Equal, page: Page) -> Paged[Subnet]:
    """Read a page of the subnets that a project sees; None sees all."""
    return _listing(tx, SUBNETS, subnets.visible(project_id), equal, page)


def all_ports(tx: Tx, project_id: str | None, equal: Equal, page: Page) -> Paged[Port]:
    """Read a page of a project's ports; None sees all."""
    own = [] if project_id is None else [tables.port.c.project_id == project_id]
    return _listing(tx, PORTS, own, equal, page)


def _listing(tx: Tx, noun: Noun[T], seen: Sequence[sa.ColumnElement[bool]], equal: Equal, page: Page) -> Paged[T]:
    known = {**noun.table.c, **_COMPUTED[noun.table]}
    return page_of(tx, noun, [*seen, *(known[name].in_(values) for name, values in equal.items())], page)
