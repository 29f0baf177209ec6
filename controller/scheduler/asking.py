"""From servers to the asks that the scheduler decides: what each demands, and what its tenant and its operators say."""

import zlib
from collections.abc import Iterable, Sequence
from typing import cast

from msgspec.structs import replace

from common.model.server import Server
from common.model.server_group import ServerGroup
from common.states import State
from controller.db import aggregates, groups, images, servers
from controller.db.engine import Tx
from controller.scheduler.belonging import Belonging, Who
from controller.scheduler.demands import demand
from controller.scheduler.terms import Ask, Demand, GroupAsk, Together

SAME, DIFFERENT, HOST = "same_host", "different_host", "host"
"""Hints: servers whose hosts are wanted, or not; the id of the only host."""


def asks(tx: Tx, wanting: Sequence[Server]) -> list[Ask]:
    """Give the asks of servers, in their order."""
    batch = _Batch(tx, wanting)
    return [batch.ask(server) for server in wanting]


def waiting(tx: Tx, wanting: Sequence[Server]) -> set[str]:
    """Give the servers that name, as neighbours, others that have no host yet: these are to be decided first."""
    named = {server.id: {*_neighbours(server, SAME), *_neighbours(server, DIFFERENT)} for server in wanting}
    others = set().union(*named.values())
    found = servers.get(tx, sorted(others)) if others else {}
    open_ = {other.id for other in found.values() if other.state is State.BUILD and other.host_id is None}
    return {server for server, neighbours in named.items() if neighbours & open_}


class _Batch:
    """What the servers of a batch name, read once; and the demands of those that are alike."""

    def __init__(self, tx: Tx, wanting: Sequence[Server]) -> None:
        self._rules = Belonging(aggregates.all(tx))
        self._groups = groups.get(tx, {server.group_id for server in wanting if server.group_id})
        self._hosts = _hosts(tx, wanting)
        self._images = images.get(tx, {server.image_id for server in wanting}) if self._rules.of_images else {}
        self._demands: dict[object, Demand] = {}

    def ask(self, server: Server) -> Ask:
        return Ask(
            server=server.id,
            demand=self._demand(server),
            project=server.project_id,
            seed=zlib.crc32(server.id.encode()),
            only=self._only(server),
            never=self._of(_neighbours(server, DIFFERENT)),
            group=_group(self._groups.get(server.group_id or "")),
        )

    def _demand(self, server: Server) -> Demand:
        """Give a server's demand; it is the same object for all that are alike."""
        alike = (server.guest, server.project_id, server.flavor_name, server.zone, server.image_id)
        if alike not in self._demands:
            self._demands[alike] = self._bound(server)
        return self._demands[alike]

    def _bound(self, server: Server) -> Demand:
        image = self._images.get(server.image_id)
        who = Who(server.guest, server.project_id, server.flavor_name, server.zone, image.properties if image else {})
        return replace(demand(server.guest), **self._rules.of(who)._asdict())

    def _only(self, server: Server) -> frozenset[str] | None:
        """Give the hosts that the hints leave; None: all."""
        neighbours, host = _neighbours(server, SAME), server.hints.get(HOST)
        left = [self._of(neighbours)] if neighbours else []
        left += [frozenset({cast(str, host)})] if host else []
        return frozenset.intersection(*left) if left else None

    def _of(self, others: Iterable[str]) -> frozenset[str]:
        return frozenset(self._hosts[other] for other in others if other in self._hosts)


def _hosts(tx: Tx, wanting: Sequence[Server]) -> dict[str, str]:
    """Give the hosts of all servers that are named as neighbours, by server."""
    named = {other for server in wanting for hint in (SAME, DIFFERENT) for other in _neighbours(server, hint)}
    found = servers.get(tx, sorted(named)) if named else {}
    return {o.id: o.host_id for o in found.values() if o.host_id and o.state is not State.DELETED}


def _neighbours(server: Server, hint: str) -> list[str]:
    return cast(list[str], server.hints.get(hint, []))


def _group(group: ServerGroup | None) -> GroupAsk | None:
    return GroupAsk(group.id, Together(group.policy), group.limit) if group else None
