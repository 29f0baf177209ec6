"""Server groups in SQL, and their members: servers that are not deleted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from common.model.server_group import ServerGroup
from controller.db import tables
from controller.db.among import among, listed
from controller.db.dialect import locked
from controller.db.engine import Tx
from controller.db.records import Noun

GROUPS = Noun(ServerGroup, tables.server_group)
_c, _member = tables.server_group.c, tables.server_group_member
_NAMED = GROUPS.select().where(among(_c.id, "ids")).order_by(_c.id)
_LOCKED = locked(_NAMED)
_MEMBERS = (
    sa.select(_member.c.group_id, _member.c.server_id)
    .where(among(_member.c.group_id, "groups"))
    .order_by(_member.c.server_id)
)
_COUNTS = (
    sa.select(_member.c.group_id, sa.func.count())
    .where(among(_member.c.group_id, "groups"))
    .group_by(_member.c.group_id)
)


def get(tx: Tx, ids: Iterable[str], lock: bool = False) -> dict[str, ServerGroup]:
    """Read groups by id; with ``lock`` nobody else deletes them or adds members meanwhile."""
    return {group.id: group for group in GROUPS.read(tx, _LOCKED if lock else _NAMED, ids=listed(ids))}


def listing(tx: Tx, project: str | None, limit: int, offset: int = 0) -> list[ServerGroup]:
    """Read ``limit`` of a project's groups after the first ``offset``, oldest first; None: of all projects."""
    mine = [] if project is None else [_c.project_id == project]
    return GROUPS.read(tx, GROUPS.select().where(*mine).order_by(_c.id).limit(limit).offset(offset))


def add(tx: Tx, group: ServerGroup) -> None:
    """Insert a group."""
    GROUPS.add(tx, [group])


def remove(tx: Tx, id_: str) -> None:
    """Delete a group; its members go on without it."""
    tx.remove(tables.server_group, [{"id": id_}])


def members(tx: Tx, groups: Iterable[str]) -> dict[str, list[str]]:
    """Give the ids of groups' servers, oldest first; a group without any is left out."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for group, server in tx.rows(_MEMBERS, groups=listed(groups)):
        found[group].append(server)
    return dict(found)


def counts(tx: Tx, groups: Iterable[str]) -> dict[str, int]:
    """Count likewise how many each has."""
    return {str(group): int(count) for group, count in tx.rows(_COUNTS, groups=listed(groups))}


def join(tx: Tx, groups: Mapping[str, str]) -> None:
    """Put new servers into groups, by server."""
    tx.put(_member, [{"group_id": group, "server_id": server} for server, group in groups.items()])


def leave(tx: Tx, servers: Iterable[str]) -> None:
    """Take servers out of their groups."""
    tx.remove(_member, [{"server_id": server} for server in sorted(servers)], where=("server_id",))
