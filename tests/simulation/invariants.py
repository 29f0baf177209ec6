"""What must be true after every event. Each event checks only what it may have touched.

A commit may have touched the tables, a call on a hypervisor one server on one host. The first thing found to be wrong
is kept: what follows from it is not looked at.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from common import wire
from common.states import Power
from compute_agent.operation import Call
from tests.simulation.agents import READS, AgentProcess
from tests.simulation.furnish import NOW
from tests.simulation.starts import Starts

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet
    from tests.simulation.hosts import SimulatedHost

LEDGER = """SELECT i.host_id, i.class, i.used, i.capacity, coalesce(sum(a.amount), 0) FROM inventory i
LEFT JOIN allocation a ON a.host_id = i.host_id AND a.cell = i.cell AND a.class = i.class
GROUP BY i.host_id, i.cell, i.class"""
GONE = "SELECT id FROM server WHERE state = 'DELETED'"
PORTS = f"SELECT count(*) FROM port WHERE NOT (made_by_server AND device_id IN ({GONE}))"
QUOTA = "SELECT resource, used FROM quota_use WHERE resource IN ('servers', 'ports')"
SERVERS = "SELECT id, name, state, generation, host_id FROM server ORDER BY id"
HOSTS = "SELECT id, epoch, generation, lease_until FROM host"
OUTCOMES = "SELECT id, host_id FROM inbox"
REMOVED = "SELECT subject FROM workflow WHERE kind = 'server.delete' AND state = 'done'"

MAKES = frozenset({"ensure_disk", "ensure_drive", "define", "start"})
"""Calls that make something of a server."""


class Checker:
    """Holds each event against the invariants. ``broken`` is the first that did not hold, with what was found."""

    def __init__(self, fleet: "Fleet") -> None:
        self._fleet = fleet
        self.broken: tuple[str, str] | None = None
        self.removed: set[str] = set()
        """Servers whose delete is done: nothing may be made for them ever after, but by calls that were given up."""
        self._late: set[tuple[str, str]] = set()
        """Hosts and servers whose domains were defined by calls that were given up."""
        self._generations: dict[str, int] = {}
        self._epochs: dict[str, tuple[int, int]] = {}
        self._leases: dict[str, datetime] = {}
        self._spoken: dict[str, set[int]] = {}
        """Epochs of each host just before and just after the last commit: a hello may be taken with what was before."""
        self._said: dict[str, str] = {}
        self._epochs_of: dict[str, set[int]] = defaultdict(set)
        """Under which epochs each event was said: the same one again, by a host that was welcomed anew."""
        self._hellos: Counter[str] = Counter()
        self._taken: set[str] = set()
        self._disks: dict[tuple[str, str], object] = {}
        self.starts = Starts()

    def must(self, true: bool, invariant: str, found: str) -> None:
        """Note what is not as it must be."""
        if not true and self.broken is None:
            self.broken = (invariant, found)
            self._fleet.trace.tell("checker", f"{invariant}: {found}")

    # ---- messages ------------------------------------------------------------------------------------------
    def said(self, event: wire.Event) -> None:
        """Note what a host said; the same may be said again."""
        if event.kind == "hello" and event.id not in self._said:
            self._hellos[event.host] += 1
        self._said[event.id] = event.kind
        self._epochs_of[event.id].add(event.host_epoch)

    def took(
        self, process: AgentProcess, goals: Iterable[wire.Command], epochs: set[int | None], known: Mapping[str, int]
    ) -> None:
        """Check what became of the goals that came to an agent.

        :param epochs: that it had meanwhile.
        :param known: the newest generation of each server that it knew before.
        """
        sound = {(goal.server, goal.generation) for goal in goals if goal.host_epoch in epochs}
        for server, before in known.items():
            now = process.newest(server)
            found = f"{process.name} took {server} at {now}, which was sent under none of {epochs}"
            self.must(now == before or (server, now) in sound, "goals are of the present epoch", found)

    # ---- the tables ----------------------------------------------------------------------------------------
    def committed(self) -> None:
        """Check the tables after a commit."""
        self._check_servers()
        self._check_hosts()
        self._check_counts()
        self._check_reports()
        for (server,) in self._fleet.disk.rows(REMOVED):
            if server not in self.removed:
                self.removed.add(server)
                for host in self._fleet.hosts:
                    self._check_removed(host, server)

    def _check_servers(self) -> None:
        names: Counter[str] = Counter()
        alive = []
        for server, name, state, generation, host in self._fleet.disk.rows(SERVERS):
            before = self._generations.get(server, 0)
            self.must(generation >= before, "generations never go back", f"server {server}: {before} -> {generation}")
            self._generations[server] = generation
            names[name] += name.startswith("key-")
            if state != "DELETED":
                alive.append((server, state, host))
        self._fleet.servers = alive
        doubled = [name for name, count in names.items() if count > 1]
        self.must(not doubled, "one server per idempotency key", f"two servers for {doubled}")

    def _check_hosts(self) -> None:
        for host, epoch, generation, lease_until in self._fleet.disk.rows(HOSTS):
            self._leases[host] = datetime.fromisoformat(lease_until)
            before = self._epochs.get(host, (0, 0))
            self._spoken[host] = {before[0], epoch}
            found = f"host {host}: {before} -> {epoch, generation}"
            self.must(epoch >= before[0] and generation >= before[1], "epochs never go back", found)
            self.must(epoch <= self._hellos[host], "each hello counts once", f"{self._hellos[host]} hellos, {epoch=}")
            self._epochs[host] = (epoch, generation)

    def _check_counts(self) -> None:
        for host, name, used, capacity, claimed in self._fleet.disk.rows(LEDGER):
            found = f"host {host} {name}: used {used}, claimed {claimed}, capacity {capacity}"
            self.must(claimed == used <= capacity, "the ledger is exact", found)
        ((nics,),) = self._fleet.disk.rows(PORTS)
        real = {"servers": len(self._fleet.servers), "ports": nics}
        for resource, used in self._fleet.disk.rows(QUOTA):
            self.must(used == real[resource], "quota is what is there", f"{resource}: {used} of {real[resource]}")

    def _check_reports(self) -> None:
        for event, host in self._fleet.disk.rows(OUTCOMES):
            if event not in self._taken:
                self._taken.add(event)
                kind, said = self._said[event], self._epochs_of[event]
                found = f"{kind} of {host} said under {said}, taken under {self._spoken[host]}"
                self.must(kind == "hello" or bool(said & self._spoken[host]), "reports are of the present epoch", found)

    # ---- the hosts -----------------------------------------------------------------------------------------
    def wished(self, process: AgentProcess, call: Call, lane: str) -> None:
        """Check a call that an agent wishes to have made: one that changes something is its right while it may speak.

        What it wished then may be made a moment after it was told to stop: nobody can take it back from a library.
        """
        may = call.name in READS or process.session.epoch is not None
        found = f"{call.name} in {lane} by {process.name}"
        self.must(may, "no agent acts before it is welcomed", found)
        # in the tables' microseconds: seconds that were added up in another order differ in the last digit
        leased = call.name in READS or self._fleet.clock.now() <= self._leases.get(process.host.id, NOW)
        self.must(leased, "no agent acts after its lease", found)

    def called(self, host: "SimulatedHost", process: AgentProcess, call: Call, lane: str, *, late: bool) -> None:
        """Check what a call on a hypervisor may have touched. ``late``: nobody waits for it any more."""
        if call.name in READS:
            return
        found = f"{call.name} in {lane} by {process.name}"
        server = lane.removeprefix("server:")
        if server == lane:
            return
        if late and call.name == "define":
            self._late.add((host.id, server))
        self._check_disk(host, server, call.name)
        self._check_starts(host, server, found)
        made = call.name in MAKES and server in self.removed and not late
        self.must(not made, "nothing is made of what was deleted", found)
        running = [h.name for h in self._fleet.hosts if _power(h, server) is Power.ON]
        self.must(len(running) <= 1, "a server runs once", f"server {server} runs on {running}")
        if server in self.removed:
            self._check_removed(host, server)

    def _check_disk(self, host: "SimulatedHost", server: str, call: str) -> None:
        disk, known = host.driver.disks.get(server), self._disks.get((host.id, server))
        if call == "remove_files":
            self._disks.pop((host.id, server), None)
        elif disk is not None:
            self.must(known is None or known is disk, "a disk is never replaced", f"server {server} on {host.name}")
            self._disks[host.id, server] = disk

    def _check_starts(self, host: "SimulatedHost", server: str, found: str) -> None:
        domain = host.driver.domains.get(server)
        boots, generation = (domain.boots, domain.goal.generation) if domain else (0, 0)
        once = self.starts.seen(host.id, server, boots, generation)
        self.must(once, "no wish starts a guest twice", f"{found}, at {generation}")

    def _check_removed(self, host: "SimulatedHost", server: str) -> None:
        """Files that a call made after it was given up, and a domain likewise, its host removes in its own time."""
        left = server in host.driver.domains and (host.id, server) not in self._late
        self.must(not left, "nothing is left of what was deleted", f"server {server}: a domain on {host.name}")


def _power(host: "SimulatedHost", server: str) -> Power | None:
    domain = host.driver.domains.get(server)
    return domain.power if domain else None
