"""What can be done to a server that is there: start, stop, reboot. One thing at a time."""

from typing import Any, ClassVar, Literal, NamedTuple

from msgspec.structs import replace

from common import errors
from common.model.server import Server
from common.states import MOVES, Power, State, Task, moved
from controller.admission.servers import locked, missing, saved
from controller.db import server_lists, workflows
from controller.db.engine import Tx
from controller.workflow.start import start
from controller.workflow.world import World
from controller.writer import Change

Verb = Literal["start", "stop", "soft reboot", "hard reboot"]


class Action(NamedTuple):
    """An action: its workflow, the task shown meanwhile, the power wished for, and the states it is allowed in.

    ``move`` is what happens to the state at once; None: it changes when the workflow is done.
    """

    workflow: str
    task: Task
    power: Power
    allowed: frozenset[State]
    move: str | None = None


def _states(event: str) -> frozenset[State]:
    return frozenset(state for state, happened in MOVES if happened == event)


ACTIONS: dict[Verb, Action] = {
    "start": Action("server.start", Task.POWERING_ON, Power.ON, frozenset({State.SHUTOFF, State.ERROR})),
    "stop": Action("server.stop", Task.POWERING_OFF, Power.OFF, frozenset({State.ACTIVE, State.ERROR})),
    "soft reboot": Action("server.reboot", Task.REBOOTING, Power.ON, _states("reboot"), "reboot"),
    "hard reboot": Action("server.reboot", Task.REBOOTING_HARD, Power.ON, _states("hard reboot"), "hard reboot"),
}
"""Every action there is."""


class Act(Change[Server], frozen=True, kw_only=True):
    """Do something to a server. ``project_id`` None: whosever it is."""

    returns: ClassVar[Any] = Server

    id: str
    project_id: str | None
    verb: Verb
    request_id: str

    def apply(self, tx: Tx, world: World) -> Server:
        """Write the wish and begin the workflow.

        :raises NotFound: the project has none such.
        :raises Conflict: its state does not allow it, or something else is being done to it.
        """
        if server_lists.find(tx, self.id, self.project_id) is None:
            raise missing(self.id)
        busy = workflows.lock_live(tx, [self.id])
        server, action = locked(tx, self.id, self.project_id), ACTIONS[self.verb]
        self._check(server, action, bool(busy))
        wished = replace(
            server,
            state=moved(server.state, action.move) if action.move else server.state,
            task=action.task,
            power=action.power,
            generation=server.generation + 1,
            updated_at=world.clock.now(),
        )
        saved(tx, wished)
        data = {"restart": self.verb.split()[0]} if action.workflow == "server.reboot" else {}
        start(tx, world, action.workflow, self.id, server.project_id, data, self.request_id)
        return wished

    def _check(self, server: Server, action: Action, busy: bool) -> None:
        if busy or server.task is not None:
            doing = server.task.value if server.task else "in another action"
            raise errors.Conflict(f"Cannot '{self.verb}' instance {self.id} while it is {doing}; wait for that to end")
        if server.state not in action.allowed:
            allowed = ", ".join(sorted(action.allowed))
            raise errors.Conflict(
                f"Cannot '{self.verb}' instance {self.id} while it is {server.state.value}; it must be {allowed}"
            )
        if server.host_id is None:
            raise errors.Conflict(f"Cannot '{self.verb}' instance {self.id}: it never got a host; delete it")
