"""What one turn of the inbox works on: events, the rows that they are about, and what is to follow from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from common import wire
from common.model.host import Host
from common.model.server import Server
from common.model.workflow import Work
from controller.db import hosts, servers, workflows
from controller.db.engine import Tx
from controller.workflow import goals
from controller.workflow.world import World


class Report(NamedTuple):
    """An event and its body, read."""

    event: wire.Event
    body: Any


CarryOn = Callable[[Tx, Sequence[Work], Mapping[str, Server]], bool]
"""Runs workflows that a transaction woke, in that transaction (``Runner.carry_on``); says whether any is left."""


@dataclass
class Desk:
    """Rows locked in the one order that all keep (workflows, servers, hosts), and what handlers decided.

    Handlers change no server or workflow themselves: they say so here, and each row is written once.
    """

    servers: dict[str, Server]
    live: dict[str, Work]
    hosts: dict[str, Host]
    changed: set[str] = field(default_factory=set)
    woken: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)
    """Servers whose goal is to be sent again."""
    commands: list[wire.Command] = field(default_factory=list)
    """Commands to publish right after the commit, without a row."""
    keys: dict[str, str] = field(default_factory=dict)
    """The credential that each hello named, by host."""
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    """What handlers did not believe: kind, host, why."""

    written: bool = False
    """Whether commands were written that the relay is to publish."""

    left: bool = False
    """Whether a workflow that was woken is still to be run."""

    def change(self, server: Server) -> None:
        """Have this server written."""
        if self.servers[server.id] != server:
            self.servers[server.id] = server
            self.changed.add(server.id)

    def of_host(self, host: str) -> list[Server]:
        """Give the servers that are on a host."""
        return [server for server in self.servers.values() if server.host_id == host]

    def owns(self, event: wire.Event) -> bool:
        """Say whether an event's server, if it is about one, is on the host that speaks: none may speak for others."""
        server = self.servers.get(event.server)
        return not event.server or (server is not None and server.host_id == event.host)

    def close(self, tx: Tx, world: World, carry_on: CarryOn | None = None) -> None:
        """Write what was decided, and run the workflows that were woken, or leave them to the runner."""
        servers.save(tx, [self.servers[server] for server in sorted(self.changed)])
        woken = sorted(self.woken & self.live.keys())
        if carry_on is None:
            workflows.wake(tx, woken, world.clock.now())
            self.left = bool(woken)
        elif woken:
            self.left = carry_on(tx, [self.live[server] for server in woken], self.servers)
        again = [self.servers[server] for server in sorted(self.again)]
        if again:
            goals.send(tx, again, world)


def spread(tx: Tx, reports: Sequence[Report]) -> Desk:
    """Lock and read what these events are about; hosts only where events are about these themselves.

    An event of an old epoch that passes a hello on its way is as if it had come before: both lock the server.
    """
    whole = {r.event.host for r in reports if r.event.kind in ("hello", "states")}
    ids = {r.event.server for r in reports if r.event.server}
    ids |= {present.server for r in reports for present in getattr(r.body, "present", ())}
    ids |= {server.id for server in servers.on_hosts(tx, whole)} if whole else set()
    live = workflows.lock_live(tx, ids) if ids else {}
    found = servers.get(tx, ids, lock=True) if ids else {}
    speaking = {r.event.host for r in reports}
    of_hosts = any(is_of_host(r) for r in reports)
    return Desk(servers=found, live=live, hosts=hosts.get(tx, speaking, lock=of_hosts))


def is_of_host(report: Report) -> bool:
    """Say whether an event is about its host, not about one server."""
    return not report.event.server
