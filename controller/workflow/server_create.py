"""server.create: a host, ports, a guest.

Begin it with the server in BUILD at generation 1, power on, its quota counted. Data: none is needed.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from common import errors
from common.model.server import Server
from common.states import Power, State, Task
from controller.db import images, ports
from controller.db.engine import Tx
from controller.scheduler import asking
from controller.scheduler.contract import Decision
from controller.scheduler.placed import placement
from controller.workflow import goals, nics, notices, settling
from controller.workflow.saga import Saga, Stay, Step, StepFailed, Wait, Workflow
from controller.workflow.world import World

UNWISHED = "unwished"
"""Set in the data once the undo of ``build`` has changed the wish."""


LISTEN_SECONDS = 10.0
"""How long a server without a host waits for hosts to be heard again."""

NEIGHBOUR_SECONDS = 1.0
"""How long a server waits for those beside which, or away from which, it is to be, and that have no host yet."""


def claim_hosts(tx: Tx, sagas: Sequence[Saga], world: World) -> Stay:
    """Let the scheduler pick a host for each; where it finds none, its reason is the tenant's."""
    found = settling.subjects(tx, sagas)
    early = asking.waiting(tx, [s for s in found.values() if s.hints])
    asks = asking.asks(tx, [found[s.subject] for s in sagas if s.subject not in early])
    decisions = world.scheduler.claim(tx, asks)
    settling.keep(sagas, [_placed(found[d.server], d) for d in decisions if d.host])
    waits: Stay = {s.id: Wait(NEIGHBOUR_SECONDS) for s in sagas if s.subject in early}
    hostless = {d.server: d for d in decisions if d.host is None}
    return {**waits, **{s.id: _without(hostless[s.subject], world) for s in sagas if s.subject in hostless}}


def _without(decision: Decision, world: World) -> Wait | StepFailed:
    """Say what becomes of a server that found no host: while none is heard, hosts that are there look as if they were
    not, and it waits for them; what none could ever take does not wait."""
    if world.deaf() and not decision.never:
        return Wait(LISTEN_SECONDS)
    return StepFailed("no-valid-host", f"{decision.reason} (toft why {decision.server})")


def _placed(server: Server, decision: Decision) -> Server:
    if decision.place is None:  # its claim was there already
        return replace(server, host_id=decision.host)
    return replace(server, host_id=decision.host, place=placement(server.guest, decision.place))


def release_claims(tx: Tx, sagas: Sequence[Saga], world: World) -> None:
    """Give the claims back; a server without a claim has no host."""
    found = settling.subjects(tx, sagas)
    world.scheduler.release(tx, list(found))
    settling.keep(sagas, [replace(server, host_id=None, place=None) for server in found.values()])


def allocate_ports(tx: Tx, sagas: Sequence[Saga], world: World) -> Stay:
    """Give each server the ports that it asked for, bound to its host."""
    found = settling.subjects(tx, sagas)
    refused = nics.attach(tx, list(found.values()), world)
    return {s.id: _failed(refused[s.subject]) for s in sagas if s.subject in refused}


def _failed(error: errors.ToftError) -> StepFailed:
    return StepFailed(error.code, error.message)


def release_ports(tx: Tx, sagas: Sequence[Saga], world: World) -> None:
    """Take the servers off their ports."""
    ports.release(tx, [s.subject for s in sagas], world.clock.now())


def send_builds(tx: Tx, sagas: Sequence[Saga], world: World) -> Stay:
    """Send each host the goal of its server."""
    found = settling.subjects(tx, sagas)
    pictures = images.get(tx, sorted({server.image_id for server in found.values()}))
    imageless = [s for s in sagas if goals.image_source(pictures.get(found[s.subject].image_id)) is None]
    sound = [s for s in sagas if s not in imageless]
    now = world.clock.now()
    building = {s.subject: replace(found[s.subject], task=Task.SPAWNING, updated_at=now) for s in sound}
    settling.keep(sagas, building.values())
    notices.tell(tx, world, "instance.create.start", building.values(), sound)
    settling.send(tx, sound, world, building)
    return {s.id: StepFailed("not-found", "the image was deleted before the server was built") for s in imageless}


def send_removes(tx: Tx, sagas: Sequence[Saga], world: World) -> dict[str, Wait]:
    """Wish the guests gone and wait until their hosts say that nothing is left of them."""
    found = settling.subjects(tx, sagas)
    for saga in sagas:
        if not saga.data.get(UNWISHED):
            saga.data |= {UNWISHED: True, settling.SENT: None}
            server = found[saga.subject]
            found[server.id] = replace(server, power=Power.GONE, generation=server.generation + 1)
    settling.keep(sagas, found.values())
    return settling.await_gone(tx, sagas, world, found)


def mark_active(tx: Tx, sagas: Sequence[Saga], world: World) -> None:
    """Show the tenant: the server is there."""
    now = world.clock.now()
    found = settling.subjects(tx, sagas)
    built = [s for s in found.values() if s.state is State.BUILD]
    active = [replace(s.moved("built", now), launched_at=now, fault=None) for s in built]
    settling.keep(sagas, active)
    notices.tell(tx, world, "instance.create.end", active, sagas)


CREATE = Workflow(
    "server.create",
    (
        Step("claim", do=claim_hosts, undo=release_claims, needs="scheduler"),
        Step("network", do=allocate_ports, undo=release_ports),
        Step("build", do=send_builds, undo=send_removes),
        Step(settling.SETTLE, do=settling.await_settled),
        Step("open", do=mark_active),
    ),
    deadline=lambda world: world.settings.controller.build_seconds,
    fail=settling.mark_failed,
)
