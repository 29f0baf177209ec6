"""After the faults: everything is repaired, time goes on, and in the end all must be as it was asked."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from common.model.network import Port
from common.states import Power, State
from controller.admission.server_actions import Act
from controller.db import ports, quotas, servers, tables
from controller.db.engine import Tx
from controller.db.ledger import claims
from controller.workflow.hello import FILES
from tests.doubles.project import PROJECT
from tests.simulation.controllers import ALL, PARTS
from tests.simulation.furnish import NOW, SETTINGS

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet

CALM = 80.0
"""Virtual seconds without anything to do after which a fleet is at rest: hosts have looked at all domains meanwhile."""

TIDY = 2.0 * SETTINGS.agent.chores_seconds
"""Virtual seconds within which hosts take back addresses and networks that late calls left."""

LONGEST = 3600.0
"""Virtual seconds after which a fleet that finds no rest never will."""

QUARANTINE = f"SELECT host_id, domain FROM stranger WHERE reason = '{FILES}'"
"""What a host that lost its journal no longer knows to be deleted: shown, and kept."""

WORKS = "SELECT subject, kind, state, request_id, created_at FROM workflow ORDER BY created_at, id"

UNBUILT = ("server.create", "undone")
"""A workflow that went back all its way."""

LIVE = "SELECT kind, subject, direction, position FROM workflow WHERE state = 'live'"


def heal(fleet: "Fleet") -> None:
    """Repair all, wait for rest, and check what is there then."""
    repair(fleet)
    begun = calm_since = fleet.clock.monotonic()
    while fleet.checker.broken is None:
        moved = turn(fleet)
        now = fleet.clock.monotonic()
        if not at_rest(fleet):
            calm_since = now
        elif now - calm_since > (TIDY if is_untidy(fleet) else CALM):
            break
        if calm_since - begun > LONGEST:
            fleet.checker.must(False, "it comes to rest", f"still under way: {fleet.disk.rows(LIVE)[:3]}")
        if not moved:
            pass_time(fleet)
    if fleet.checker.broken is None:
        with fleet.disk.store.read() as tx:
            for invariant, found in wrong(tx, fleet):
                fleet.checker.must(False, invariant, found)


def repair(fleet: "Fleet") -> None:
    """End all faults."""
    fleet.trace.tell("everybody", "the faults are over")
    for queue, message in fleet.held_back:
        fleet.broker.queues[queue].append(message)
    fleet.held_back.clear()
    for controller in fleet.controllers:
        controller.frozen = False
        if not controller.alive:
            controller.start()
    for host in fleet.hosts:
        host.cut = False
        if host.older:
            host.die(host.older)
        while host.abandoned:
            host.make_late(0)
        host.start()


def at_rest(fleet: "Fleet") -> bool:
    """Say whether nothing is under way in the tables, each host is welcome, and no client waits."""
    welcome = all(host.agent and host.agent.session.epoch is not None for host in fleet.hosts)
    return welcome and not fleet.disk.rows(f"{LIVE} LIMIT 1") and not fleet.clients.waiting()


def is_untidy(fleet: "Fleet") -> bool:
    """Say whether a host has an address, or a network, that no domain of it has a place for."""
    drivers = [host.driver for host in fleet.hosts]
    return any(d.networks and (not d.domains or any(d.network_leftovers().values())) for d in drivers)


def turn(fleet: "Fleet") -> int:
    """Let everybody do once what is to be done; gives how much that was."""
    moved = 0
    for controller in fleet.controllers:
        for part in PARTS:
            if part in controller.ready():
                moved += controller.go(part, ALL)
    for host in fleet.hosts:
        for process in host.processes():
            moved += len(process.heard) + len(process.lanes.ready())
            while process.heard:
                process.hear()
            host.act(process, "tick")
            host.take(process, "")
            for _ in range(len(process.lanes.ready())):
                host.act(process, "call", 0, "")
            host.act(process, "say", "")
    fleet.clients.listen()
    for request in fleet.clients.waiting():
        if fleet.clients.lost(request):
            fleet.clients.again(fleet.controllers[0], request)
            moved += 1
    return moved


def pass_time(fleet: "Fleet") -> None:
    """Let time pass until something is due."""
    fleet.clock.advance(min(30.0, fleet.pause()))


# ---- what must be then -------------------------------------------------------------------------------------
def wrong(tx: Tx, fleet: "Fleet") -> Iterator[tuple[str, str]]:
    """Give what is not as it must be, each with the invariant that it breaks."""
    found = servers.SERVERS.read(tx, servers.SERVERS.select())
    there = [s for s in found if s.state is not State.DELETED]
    placed = {s.id: str(s.host_id) for s in there if s.host_id}
    nics = ports.of_servers(tx, [s.id for s in found])
    if (claimed := claims(tx, [s.id for s in found])) != placed:
        yield "claims are of servers that are there", f"claimed {claimed}, placed {placed}"
    for server in there:
        if server.task is not None:
            yield "what was asked has ended", f"server {server.id} is still {server.task}"
        if server.state is State.ERROR and server.fault is None:
            yield "an error has a cause", f"server {server.id}"
        if server.state not in (State.ACTIVE, State.SHUTOFF, State.ERROR):
            yield "what was asked has ended", f"server {server.id} is {server.state}"
        if bool(nics[server.id]) != (server.host_id is not None):
            yield "ports are of servers that are there", f"server {server.id} on {server.host_id}: {nics[server.id]}"
    unbuilt = {subject for subject, kind, state, *_ in fleet.disk.rows(WORKS) if (kind, state) == UNBUILT}
    if held := sorted(s.id for s in there if s.id in unbuilt and s.host_id):
        yield "what could not be built holds nothing", f"{held} have a host"
    yield from _on_hosts(fleet, {s.id: (s.host_id, s.state) for s in there})
    yield from _on_networks(fleet, {s.id: (s.host_id, s.state) for s in there}, nics)
    used = quotas.usage(tx, SETTINGS.quota, PROJECT)
    if used["cores"].used != sum(s.guest.vcpus for s in there):
        yield "quota is what is there", f"{used['cores']}"
    if tx.rows(tables.outbox.select()):
        yield "the outbox is empty", f"{len(tx.rows(tables.outbox.select()))} rows"
    yield from _as_asked(fleet, {s.id: s.state for s in found})


def _on_hosts(fleet: "Fleet", there: dict[str, tuple[str | None, State]]) -> Iterator[tuple[str, str]]:
    shown = fleet.disk.rows(QUARANTINE)
    for host in fleet.hosts:
        mine = {server for server, (home, _) in there.items() if home == host.id}
        strange = {server for home, server in shown if home == host.id}
        sound = {server for server in mine if there[server][1] is not State.ERROR}
        for what, kept in (
            ("domains", host.driver.domains),
            ("disks", host.driver.disks),
            ("drives", host.driver.drives),
        ):
            unowned = kept.keys() - mine - (strange if what != "domains" else set())
            if unowned:
                yield "nothing is without an owner", f"{what} of {sorted(unowned)} on {host.name}"
            if sound - kept.keys():
                yield "each server is there", f"no {what} of {sorted(sound - kept.keys())} on {host.name}"
        for server in sorted(sound & host.driver.domains.keys()):
            power, state = host.driver.domains[server].power, there[server][1]
            if (power is Power.ON) != (state is State.ACTIVE):
                yield "guests are as they are shown", f"server {server} is {power} on {host.name} and shown {state}"


def _on_networks(
    fleet: "Fleet", there: dict[str, tuple[str | None, State]], nics: Mapping[str, Sequence[Port]]
) -> Iterator[tuple[str, str]]:
    """Hold addresses and networks against the tables: a server in ERROR, even without a domain, still owns its own."""
    for host in fleet.hosts:
        mine = {server: state for server, (home, state) in there.items() if home == host.id}
        owned = [port for server in mine for port in nics[server]]
        needed = {port.id for server, state in mine.items() if state is not State.ERROR for port in nics[server]}
        bound, made = set(host.driver.ports), set(host.driver.networks)
        if left := bound - {port.id for port in owned}:
            yield "nothing is without an owner", f"ports {sorted(left)} on {host.name}"
        if left := made - {port.network_id for port in owned}:
            yield "nothing is without an owner", f"networks {sorted(left)} on {host.name}"
        if needed - bound:
            yield "each server is there", f"no address of ports {sorted(needed - bound)} on {host.name}"


def _as_asked(fleet: "Fleet", states: dict[str, State]) -> Iterator[tuple[str, str]]:
    for request in fleet.clients.requests:
        if request.made and request.made not in states:
            yield "what was acknowledged is not lost", f"{request.what}: no server {request.made}"
        deleted = request.what.startswith("delete") and not request.refused
        if deleted and states[request.server] is not State.DELETED:
            yield "what was acknowledged is not lost", f"{request.what}: it is {states[request.server]}"
    works = fleet.disk.rows(WORKS)
    begun = {request_id for _, _, _, request_id, _ in works}
    for request in fleet.clients.requests:
        acted = isinstance(request.change, Act) and request.done and not request.refused
        if acted and f"req-{request.number}" not in begun:
            yield "what was acknowledged is not lost", f"{request.what}: nothing was begun for it"
    for server, kind, state, _, at in {work[0]: work for work in works}.values():
        wished = State.SHUTOFF if kind == "server.stop" else State.ACTIVE
        shown = states.get(server)
        upset = max((host.upset[server] for host in fleet.hosts if server in host.upset), default=-1.0)
        since = (datetime.fromisoformat(at) - NOW).total_seconds() > upset
        if state == "done" and since and shown in (State.ACTIVE, State.SHUTOFF) and shown is not wished:
            yield "guests are as was asked last", f"server {server} is {shown} after {kind}"
