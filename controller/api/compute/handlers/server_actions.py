"""Actions on servers, by the one key of the body."""

from collections.abc import Callable

from common import errors
from controller.admission.consoles import AskConsole
from controller.admission.server_actions import Act, Verb
from controller.api.compute.handlers.servers import EVERYONE, found_server
from controller.api.compute.schemas import server_actions as schemas
from controller.api.http import Answer, Request, accepted, ok
from controller.api.scope import scope

CONSOLE_SECONDS = 10.0
"""How long a request waits for a host's answer."""


def act(req: Request) -> Answer:
    """Start, stop or reboot a server, or read its console, as the body's key says.

    :raises BadRequest: there is no such action.
    :raises NotFound: the caller sees no such server.
    """
    (name,) = req.json(schemas.ANY)
    if name not in ACTIONS:
        with req.read() as tx:
            found_server(req, tx)
        raise errors.BadRequest(f"There is no such action: {name}; there are {', '.join(sorted(ACTIONS))}")
    return ACTIONS[name](req)


def _start(req: Request) -> Answer:
    req.json(schemas.START)
    return _do(req, "start")


def _stop(req: Request) -> Answer:
    req.json(schemas.STOP)
    return _do(req, "stop")


def _reboot(req: Request) -> Answer:
    hard = req.json(schemas.REBOOT)["reboot"]["type"].upper() == "HARD"
    return _do(req, "hard reboot" if hard else "soft reboot")


def _do(req: Request, verb: Verb) -> Answer:
    req.allow("compute:servers:act")
    change = Act(id=req.path["server_id"], project_id=scope(req, EVERYONE), verb=verb, request_id=req.request_id)
    req.submit(change)
    return accepted()


def _console(req: Request) -> Answer:
    """Ask the server's host, and wait for the answer."""
    req.allow("compute:servers:console")
    length = req.json(schemas.CONSOLE)["os-getConsoleOutput"].get("length")
    lines = None if length is None or int(length) < 0 else int(length)
    change = AskConsole(
        id=req.path["server_id"], project_id=scope(req, EVERYONE), length=lines, request_id=req.request_id
    )
    answer = req.services.answers.wait(req.submit(change), CONSOLE_SECONDS)
    if answer.code:
        raise errors.Conflict(f"the console of {req.path['server_id']} cannot be read: {answer.reason}")
    return ok({"output": answer.text})


ACTIONS: dict[str, Callable[[Request], Answer]] = {
    "os-start": _start,
    "os-stop": _stop,
    "reboot": _reboot,
    "os-getConsoleOutput": _console,
}
"""Every action there is."""
