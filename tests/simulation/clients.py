"""Tenants: they ask, may not hear the answer, and ask again, with the same idempotency key or without one."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common import errors
from common.model.server import NetworkAsk
from controller.admission.server_actions import Act, Verb
from controller.admission.server_create import CreateServers
from controller.admission.server_delete import DeleteServer
from controller.writer import Change, Key
from tests.doubles.project import NETWORK, PROJECT
from tests.simulation.controllers import SimulatedController

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet

VERBS: tuple[Verb, ...] = ("start", "stop", "soft reboot", "hard reboot")


@dataclass
class Request:
    """Something asked for. ``answers`` are the servers that it was told of, each time that it was answered."""

    number: int
    what: str
    change: Change[Any]
    keyed: bool
    future: "Future[Any] | None" = None
    asked_of: SimulatedController | None = None
    life: int = 0
    done: bool = False
    refused: str = ""
    server: str = ""
    made: str = ""


class Clients:
    """All tenants together."""

    def __init__(self, fleet: "Fleet") -> None:
        self._fleet = fleet
        self.requests: list[Request] = []

    def create(self, controller: SimulatedController, *, keyed: bool) -> None:
        """Ask for a server."""
        number = len(self.requests) + 1
        name = f"{'key' if keyed else 'new'}-{number}"
        change = CreateServers(
            project_id=PROJECT,
            user_id="user",
            name=name,
            image_id="22222222-2222-4222-8222-222222222222",
            flavor_id="1",
            asks=(NetworkAsk(network_id=NETWORK),),
            request_id=f"req-{number}",
        )
        self._ask(Request(number, f"create {name}", change, keyed), controller)

    def delete(self, controller: SimulatedController, server: str) -> None:
        """Ask for a server's end."""
        number = len(self.requests) + 1
        change = DeleteServer(id=server, project_id=PROJECT, request_id=f"req-{number}")
        self._ask(Request(number, f"delete {server[-4:]}", change, keyed=False, server=server), controller)

    def act(self, controller: SimulatedController, server: str, verb: Verb) -> None:
        """Ask for something to be done to a server."""
        number = len(self.requests) + 1
        change = Act(id=server, project_id=PROJECT, verb=verb, request_id=f"req-{number}")
        self._ask(Request(number, f"{verb} {server[-4:]}", change, keyed=True, server=server), controller)

    def again(self, controller: SimulatedController, request: Request) -> None:
        """Ask the same again: whoever was asked before is not waited for any more."""
        self._offer(request, controller)

    def _ask(self, request: Request, controller: SimulatedController) -> None:
        self.requests.append(request)
        self._offer(request, controller)

    def _offer(self, request: Request, controller: SimulatedController) -> None:
        key = Key(PROJECT, f"key-{request.number}", request.what) if request.keyed else None
        request.future = controller.writer.offer(request.change, key)
        request.asked_of, request.life = controller, controller.lives
        controller.offered += 1
        self._fleet.trace.tell(f"client {request.number}", f"asks {controller.name}: {request.what}")

    def waiting(self) -> list[Request]:
        """Give the requests without an answer."""
        return [request for request in self.requests if not request.done]

    def lost(self, request: Request) -> bool:
        """Say whether whoever was asked has died since."""
        asked = request.asked_of
        return asked is None or not asked.alive or asked.lives != request.life

    def listen(self) -> None:
        """Let all clients hear the answers that are there."""
        for request in self.waiting():
            if request.future is not None and request.future.done() and not self.lost(request):
                self._hear(request, request.future)

    def _hear(self, request: Request, future: "Future[Any]") -> None:
        error = future.exception()
        if isinstance(error, errors.Unavailable):
            request.future = request.asked_of = None
            self._fleet.trace.tell(f"client {request.number}", "hears 503")
            return
        request.done = True
        if isinstance(error, errors.ToftError):
            request.refused = error.message
        elif error is not None:
            self._fleet.checker.must(False, "no request breaks the writer", f"{request.what}: {error!r}")
        elif isinstance(request.change, CreateServers):
            request.made = future.result()[0].id
        what = (
            f"is refused: {request.refused}"
            if request.refused
            else f"is answered{' ' + request.made[-4:] if request.made else ''}"
        )
        self._fleet.trace.tell(f"client {request.number}", what)
