"""Where new servers may go: zones, hosts, groups and hints, checked when they are asked for."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from common import errors, settings
from common.model.aggregate import DEFAULT_ZONE
from common.model.server import Server
from common.model.server_group import ServerGroup
from controller.db import aggregates, groups, hosts, servers
from controller.db.engine import Tx


class Where(msgspec.Struct, frozen=True):
    """Where a create wants its servers. ``host``: the name of the only host that will do, which operators may say.

    ``same_host`` and ``different_host``: servers of the project on whose hosts it is to be, or not to be.
    """

    zone: str | None = None
    host: str | None = None
    group_id: str | None = None
    same_host: tuple[str, ...] = ()
    different_host: tuple[str, ...] = ()


ANYWHERE = Where()


class Found(NamedTuple):
    """What a server keeps of where it is to be."""

    zone: str | None
    hints: dict[str, object]
    group_id: str | None


class Places:
    """The zones, hosts, groups and servers that a batch of creates names, read once; the groups are locked.

    A batch that names none reads nothing.

    :param asked: of each create what it asks for.
    """

    def __init__(self, tx: Tx, limits: settings.Quota, asked: Sequence[Where]) -> None:
        wishes = [where for where in asked if where != ANYWHERE]
        self._zoned: dict[str, str] = aggregates.zones(tx) if any(w.zone or w.host for w in wishes) else {}
        self._hosts = {name: host.id for name in {w.host for w in wishes} if name and (host := hosts.named(tx, name))}
        named = {w.group_id for w in wishes if w.group_id}
        self._groups: dict[str, ServerGroup] = groups.get(tx, named, lock=True) if named else {}
        self._members: Counter[str] = Counter(groups.counts(tx, named) if named else {})
        self._most = limits.server_group_members
        hinted = {server for w in wishes for server in (*w.same_host, *w.different_host)}
        self._owners: Mapping[str, str] = servers.owners(tx, hinted) if hinted else {}
        self._joined: dict[str, str] = {}

    def resolved(self, project_id: str, where: Where) -> Found:
        """Check what a create asks for.

        :raises BadRequest: a zone, host, group or server is not there, or is not the project's; or zone and host
            contradict each other.
        """
        if where == ANYWHERE:
            return Found(None, {}, None)
        self._check_zone(where)
        if where.group_id and self._group(where.group_id, project_id) is None:
            raise errors.BadRequest(f"hint group: there is no server group {where.group_id}")
        hints: dict[str, object] = {"host": self._host(where.host, where.zone)} if where.host else {}
        for name, wanted in (("same_host", where.same_host), ("different_host", where.different_host)):
            self._check_owned(name, wanted, project_id)
            hints |= {name: list(wanted)} if wanted else {}
        return Found(where.zone, hints, where.group_id)

    def _check_zone(self, where: Where) -> None:
        if where.zone not in (None, DEFAULT_ZONE, *self._zoned.values()):
            raise errors.BadRequest(f"availability_zone: there is no zone {where.zone}")

    def _group(self, id_: str, project_id: str) -> ServerGroup | None:
        group = self._groups.get(id_)
        return group if group and group.project_id == project_id else None

    def _host(self, name: str, zone: str | None) -> str:
        if name not in self._hosts:
            raise errors.BadRequest(f"availability_zone or hint host: there is no host {name}")
        id_ = self._hosts[name]
        has = aggregates.zone_of(self._zoned, id_)
        if zone not in (None, has):
            raise errors.BadRequest(f"availability_zone: host {name} is in {has}, not in {zone}")
        return id_

    def _check_owned(self, name: str, wanted: Sequence[str], project_id: str) -> None:
        for server in wanted:
            if self._owners.get(server) != project_id:
                raise errors.BadRequest(f"hint {name}: there is no server {server}")

    def room(self, where: Where) -> int:
        """Say how many more servers the group that a create names may have; without one, more than anyone asks for."""
        if where.group_id is None or self._most < 0:
            return sys.maxsize
        return max(0, self._most - self._members[where.group_id])

    def check_room(self, where: Where, count: int) -> None:
        """See that so many servers may join the group that a create names.

        :raises QuotaExceeded: it would have more than it may.
        """
        if count > self.room(where):
            raise errors.QuotaExceeded(
                f"Quota exceeded, too many servers in group: Requested {count}, but it has "
                f"{self._members[where.group_id or '']} of {self._most} already"
            )

    def join(self, made: Sequence[Server]) -> None:
        """Put a create's servers into their group."""
        for server in made:
            if server.group_id:
                self._members[server.group_id] += 1
                self._joined[server.id] = server.group_id

    def write(self, tx: Tx) -> None:
        """Write who is in which group; the servers are there already."""
        groups.join(tx, self._joined)
