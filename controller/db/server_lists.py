"""Lists of servers: whose, which, and one page of them."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from common.model import Record
from common.model.aggregate import DEFAULT_ZONE, ZONE
from common.model.server import Fault, Server
from common.states import Power, State, Task
from controller.db import tables
from controller.db.among import among, listed
from controller.db.engine import Tx
from controller.db.paging import Page, Paged, page_of
from controller.db.records import Noun
from controller.db.servers import SERVERS

_server, _port = tables.server.c, tables.port.c

SORTABLE = {
    "created_at": "created_at",
    "updated_at": "updated_at",
    "display_name": "name",
    "name": "name",
    "uuid": "id",
    "id": "id",
    "vm_state": "state",
    "status": "state",
    "user_id": "user_id",
    "project_id": "project_id",
    "image_ref": "image_id",
    "instance_type_id": "flavor_id",
}
"""What a list may be sorted by, as clients name it, and the column of that. None of them is ever null."""


class Filter(Record, frozen=True):
    """Which servers; None: whatever. ``name`` and ``address`` are patterns, see ``pattern``."""

    project_id: str | None = None
    user_id: str | None = None
    name: str | None = None
    address: str | None = None
    states: tuple[State, ...] | None = None
    image_id: str | None = None
    flavor_id: str | None = None
    host_id: str | None = None
    reservation_id: str | None = None
    key_name: str | None = None
    task: str | None = None
    config_drive: bool | None = None
    powers: tuple[Power, ...] | None = None
    changed_since: datetime | None = None
    deleted: bool = False
    zone: str | None = None


class Shown(Record, frozen=True):
    """What clients see of a server: of a long list the rest (guest, hardware, user data) is not even read."""

    id: str
    project_id: str
    user_id: str
    name: str
    state: State
    seen: Power | None
    task: Task | None
    host_id: str | None
    flavor_id: str
    image_id: str
    key_name: str | None
    config_drive: bool
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    launched_at: datetime | None
    deleted_at: datetime | None
    fault: Fault | None
    zone: str | None


SHOWN = Noun(Shown, tables.server)
_ANYONES = SHOWN.select().where(_server.id == sa.bindparam("id"), _server.state != State.DELETED.value)
_ONES_OWN = _ANYONES.where(_server.project_id == sa.bindparam("project"))


def listing(tx: Tx, wanted: Filter, page: Page) -> Paged[Shown]:
    """Read one page of servers.

    :raises BadRequest: the page's marker is not in the list.
    """
    return page_of(tx, SHOWN, _where(wanted), page)


def find(tx: Tx, server_id: str, project_id: str | None) -> Server | None:
    """Read a server that is not deleted; with a project only its own."""
    return SERVERS.first(tx, SERVERS.select().where(*_there(server_id, project_id)))


def shown(tx: Tx, server_id: str, project_id: str | None) -> Shown | None:
    """Read likewise what clients see of a server."""
    if project_id is None:
        return SHOWN.first(tx, _ANYONES, id=server_id)
    return SHOWN.first(tx, _ONES_OWN, id=server_id, project=project_id)


def _there(server_id: str, project_id: str | None) -> list[sa.ColumnElement[bool]]:
    mine = [] if project_id is None else [_server.project_id == project_id]
    return [_server.id == server_id, _server.state != State.DELETED.value, *mine]


class Nic(NamedTuple):
    """A NIC's address, as clients see it."""

    server_id: str
    network: str
    mac: str
    address: str


_NICS = (
    sa.select(_port.device_id, tables.network.c.name, _port.mac, _port.address)
    .join(tables.network, tables.network.c.id == _port.network_id)
    .where(among(_port.device_id, "servers"), _port.address.is_not(None))
    .order_by(_port.position, _port.id)
)


def nics(tx: Tx, servers: Iterable[str]) -> dict[str, list[Nic]]:
    """Read the addresses of servers in the order of their NICs, with the names of their networks."""
    found: dict[str, list[Nic]] = {}
    for row in tx.rows(_NICS, servers=listed(servers)):
        found.setdefault(row[0], []).append(Nic._make(row))
    return found


def _where(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    equal = ("project_id", "user_id", "image_id", "flavor_id", "host_id", "reservation_id", "key_name", "task")
    where = [_server[name] == getattr(wanted, name) for name in equal if getattr(wanted, name) is not None]
    if wanted.name is not None:
        where.append(_server.name.ilike(pattern(wanted.name), escape="\\"))
    if wanted.address is not None:
        matching = sa.select(_port.device_id).where(_port.address.like(pattern(wanted.address), escape="\\"))
        where.append(_server.id.in_(matching))
    if wanted.states is not None:
        where.append(_server.state.in_([state.value for state in wanted.states]))
    if wanted.config_drive is not None:
        where.append(_server.config_drive.is_(wanted.config_drive))
    if wanted.powers is not None:  # what was never seen is not there
        seen = sa.func.coalesce(_server.seen, Power.GONE.value)
        where.append(seen.in_([power.value for power in wanted.powers]))
    if wanted.zone is not None:
        where.append(_in_zone(wanted.zone))
    if wanted.changed_since is not None:
        return [*where, _server.updated_at >= wanted.changed_since]
    gone = _server.state == State.DELETED.value
    return [*where, gone if wanted.deleted else ~gone]


def _in_zone(zone: str) -> sa.ColumnElement[bool]:
    """Say of a server what its zone is for clients: its host's, and without a host the one it asked for."""
    of, aggregate = tables.aggregate_host, tables.aggregate
    says = aggregate.c.metadata[ZONE].as_string()
    zoned = sa.select(of.c.host_id).join(aggregate, aggregate.c.id == of.c.aggregate_id)
    inside: sa.ColumnElement[bool] = _server.host_id.in_(zoned.where(says == zone))
    if zone == DEFAULT_ZONE:
        inside = sa.or_(inside, _server.host_id.not_in(zoned.where(says.is_not(None))))
    return sa.case((_server.host_id.is_(None), _server.zone == zone), else_=inside)


_TOKEN = re.compile(r"\\.|\.\*|.", re.DOTALL)


def pattern(expression: str) -> str:
    r"""Write what clients send as a regular expression as a LIKE pattern, escaped by ``\``.

    Known are ``^`` and ``$`` at the ends, ``.``, ``.*`` and ``\`` before a character; all else stands for itself.
    A database would run a whole expression for as long as a hostile one likes.
    """
    starts, ends = expression.startswith("^"), expression.endswith("$") and not expression.endswith("\\$")
    inner = expression[starts : len(expression) - ends if len(expression) > starts else None]
    known = {".": "_", ".*": "%"}
    like = "".join(known.get(token) or _literal(token[-1]) for token in _TOKEN.findall(inner))
    return ("" if starts else "%") + like + ("" if ends else "%")


def _literal(character: str) -> str:
    return f"\\{character}" if character in "\\%_" else character
