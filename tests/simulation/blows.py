"""Faults that come by themselves. One that hits nothing does nothing, and is not counted."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from common.states import Power
from tests.simulation.bus import Message

if TYPE_CHECKING:
    from tests.simulation.controllers import SimulatedController
    from tests.simulation.fleet import Fleet
    from tests.simulation.hosts import SimulatedHost

MOST = 24
"""Messages in a queue above which none is doubled."""


def befall(fleet: "Fleet", kind: str, a: int, b: int) -> None:
    """Let a fault of a kind happen; ``a`` and ``b`` say to whom, among those that it could hit."""
    KINDS[kind](fleet, a, b)


# ---- messages ----------------------------------------------------------------------------------------------
def _queue(fleet: "Fleet", a: int) -> tuple[str, list[Message]]:
    full = [(name, queue) for name, queue in fleet.broker.queues.items() if queue]
    return full[a % len(full)] if full else ("", [])


def _lost(fleet: "Fleet", a: int, b: int) -> None:
    name, queue = _queue(fleet, a)
    if queue:
        fleet.trace.fault("broker", "message lost", _about(fleet, name, queue.pop(b % len(queue))))


def _doubled(fleet: "Fleet", a: int, b: int) -> None:
    name, queue = _queue(fleet, a)
    if 0 < len(queue) < MOST:
        message = queue[b % len(queue)]
        queue.append(Message(message.key, message.body))
        fleet.trace.fault("broker", "message doubled", _about(fleet, name, message))


def _delayed(fleet: "Fleet", a: int, b: int) -> None:
    """Hold a message back, to come again when nobody thinks of it any more."""
    name, queue = _queue(fleet, a)
    if queue:
        message = queue.pop(b % len(queue))
        fleet.held_back.append((name, message))
        fleet.trace.fault("broker", "message delayed", _about(fleet, name, message))


def _reordered(fleet: "Fleet", a: int, b: int) -> None:
    name, queue = _queue(fleet, a)
    if len(queue) > 1:
        place, behind = b % len(queue), 1 + b % (len(queue) - 1)
        message = queue.pop(place)
        queue.insert((place + behind) % (len(queue) + 1), message)
        fleet.trace.fault("broker", "message reordered", _about(fleet, name, message))


def _wiped(fleet: "Fleet", a: int, b: int) -> None:
    if any(fleet.broker.queues.values()):
        lost = fleet.broker.wipe()
        fleet.trace.fault("broker", "broker wiped", f"{lost} messages are lost")


def _about(fleet: "Fleet", queue: str, message: Message) -> str:
    return f"{fleet.describe(message.body)} to {fleet.name_of(queue)}"


# ---- hosts -------------------------------------------------------------------------------------------------
def _host(fleet: "Fleet", a: int) -> "SimulatedHost":
    return fleet.hosts[a % len(fleet.hosts)]


def _partition(fleet: "Fleet", a: int, b: int) -> None:
    host = _host(fleet, a)
    if not host.cut and host.busy():
        host.cut = True
        fleet.trace.fault(host.name, "partition", "nothing goes in or out")


def _partition_ends(fleet: "Fleet", a: int, b: int) -> None:
    host = _host(fleet, a)
    if host.cut:
        host.cut = False
        fleet.trace.tell(host.name, "can be reached again")


def _agent_killed(fleet: "Fleet", a: int, b: int) -> None:
    host = _host(fleet, a)
    if host.agent and host.busy():
        fleet.trace.fault(host.name, "agent killed")
        host.die(host.agent)


def _power_loss(fleet: "Fleet", a: int, b: int) -> None:
    host = _host(fleet, a)
    if host.powered and (host.guests(Power.ON) or host.busy()):
        fleet.trace.fault(host.name, "power loss", f"{len(host.guests(Power.ON))} guests stop")
        host.lose_power()


def _journal_lost(fleet: "Fleet", a: int, b: int) -> None:
    host = _host(fleet, a)
    if host.agent and host.agent.journal.living():
        fleet.trace.fault(host.name, "journal lost")
        host.lose_journal()


def _domain_lost(fleet: "Fleet", a: int, b: int) -> None:
    host = _host(fleet, a)
    if there := host.guests():
        server = there[b % len(there)]
        del host.driver.domains[server]
        fleet.checker.starts.stopped(host.id, server)
        fleet.trace.fault(host.name, "domain lost", f"server {server[-4:]}")


def _guest_stopped(power: Power) -> Callable[["Fleet", int, int], None]:
    def stop(fleet: "Fleet", a: int, b: int) -> None:
        host = _host(fleet, a)
        if host.powered and (there := host.guests(Power.ON)):
            server = there[b % len(there)]
            fleet.trace.fault(host.name, f"guest {'crashed' if power is Power.CRASHED else 'stopped'}", server[-4:])
            host.stopped(server)
            host.driver.power_off(server, "by itself", power)

    return stop


def _events_missed(fleet: "Fleet", a: int, b: int) -> None:
    host = _host(fleet, a)
    if host.agent and host.agent.heard:
        fleet.trace.fault(host.name, "events missed", f"{len(host.agent.heard)} of them")
        host.agent.heard.clear()
        host.driver.lose_events()


def _older_agent(fleet: "Fleet", a: int, b: int) -> None:
    host = _host(fleet, a)
    if host.agent and not host.older and host.agent.welcomed and host.busy():
        fleet.trace.fault(host.name, "older agent", "it is stopped, and another begins")
        host.fork()


def _older_wakes(fleet: "Fleet", a: int, b: int) -> None:
    host = _host(fleet, a)
    if host.older and host.older_sleeps:
        fleet.trace.fault(host.name, "older agent wakes")
        host.older_sleeps = False


# ---- controllers and clients -------------------------------------------------------------------------------
def _controller(fleet: "Fleet", a: int) -> "SimulatedController":
    return fleet.controllers[a % len(fleet.controllers)]


def _controller_killed(fleet: "Fleet", a: int, b: int) -> None:
    controller = _controller(fleet, a)
    if controller.alive and (controller.turns or controller.offered):
        fleet.trace.fault(controller.name, "controller killed", f"in the middle of {', '.join(controller.turns)}")
        controller.die()


def _controller_frozen(fleet: "Fleet", a: int, b: int) -> None:
    controller = _controller(fleet, a)
    if controller.alive and not controller.frozen and controller.turns:
        fleet.trace.fault(controller.name, "controller frozen", f"in the middle of {', '.join(controller.turns)}")
        controller.frozen = True


def _controller_wakes(fleet: "Fleet", a: int, b: int) -> None:
    controller = _controller(fleet, a)
    if controller.frozen:
        controller.frozen = False
        fleet.trace.tell(controller.name, "wakes")


def _hangs_up(fleet: "Fleet", a: int, b: int) -> None:
    waiting = [r for r in fleet.clients.waiting() if not fleet.clients.lost(r)]
    if waiting:
        request = waiting[a % len(waiting)]
        request.asked_of = None
        fleet.trace.fault(f"client {request.number}", "client hangs up", request.what)


KINDS: dict[str, Callable[["Fleet", int, int], None]] = {
    "message lost": _lost,
    "message doubled": _doubled,
    "message delayed": _delayed,
    "message reordered": _reordered,
    "broker wiped": _wiped,
    "partition": _partition,
    "partition ends": _partition_ends,
    "agent killed": _agent_killed,
    "power loss": _power_loss,
    "journal lost": _journal_lost,
    "domain lost": _domain_lost,
    "guest crashed": _guest_stopped(Power.CRASHED),
    "guest stopped": _guest_stopped(Power.OFF),
    "events missed": _events_missed,
    "older agent": _older_agent,
    "older agent wakes": _older_wakes,
    "controller killed": _controller_killed,
    "controller frozen": _controller_frozen,
    "controller wakes": _controller_wakes,
    "client hangs up": _hangs_up,
}
"""Every kind of ``weather.BLOWS``."""
