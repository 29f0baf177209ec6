"""server.start, server.stop: a guest's power is as it was wished.

Begin them with power set, generation+1 and the task set. Data: none is needed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from common.model.server import Server
from common.states import Power, State
from controller.db.engine import Tx
from controller.workflow import notices, settling
from controller.workflow.saga import Saga, Stay, Step, StepFailed, Workflow
from controller.workflow.world import World


def send_goals(tx: Tx, sagas: Sequence[Saga], world: World) -> Stay:
    """Send each host the goal of its server."""
    found = settling.subjects(tx, sagas)
    _tell(tx, world, "start", sagas, found)
    settling.send(tx, [s for s in sagas if found[s.subject].host_id], world, found)
    return {
        s.id: StepFailed("no-host", "the server was never built; delete it and create another")
        for s in sagas
        if not found[s.subject].host_id
    }


def finish(tx: Tx, sagas: Sequence[Saga], world: World) -> None:
    """Show the tenant how the guest is now."""
    now = world.clock.now()
    shown = {id_: _shown(server, now) for id_, server in settling.subjects(tx, sagas).items()}
    settling.keep(sagas, shown.values())
    _tell(tx, world, "end", sagas, shown)


TOLD = {"server.start": "power_on", "server.stop": "power_off", "server.reboot": "reboot"}
"""A kind of workflow -> what notifications call it."""


def _tell(tx: Tx, world: World, phase: str, sagas: Sequence[Saga], found: Mapping[str, Server]) -> None:
    for kind, name in TOLD.items():
        mine = [s for s in sagas if s.kind == kind]
        notices.tell(tx, world, f"instance.{name}.{phase}", [found[s.subject] for s in mine], mine)


def _shown(server: Server, now: datetime) -> Server:
    """Give the server in the state that its guest's power makes."""
    event, state = ("started", State.ACTIVE) if server.seen is Power.ON else ("stopped", State.SHUTOFF)
    moved = server if server.state is state else server.moved(event, now)
    return replace(moved, task=None, fault=None)


STEPS = (
    Step("send", do=send_goals),
    Step(settling.SETTLE, do=settling.await_settled),
    Step("finish", do=finish),
)


def _seconds(world: World) -> float:
    return world.settings.controller.act_seconds


START = Workflow("server.start", STEPS, deadline=_seconds, fail=settling.mark_failed)
STOP = Workflow("server.stop", STEPS, deadline=_seconds, fail=settling.mark_failed)
