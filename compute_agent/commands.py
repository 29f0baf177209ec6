"""What brings a server to its goal: operations on the driver, each step check-then-do, so that any may come twice.

    on       [power off, for a restart] image -> disk -> networks -> ports -> drive -> define -> start
    off      power off -> the same, without the start
    gone     power off at once -> undefine -> ports -> files -> networks that nobody uses

Nothing here knows of journals, messages or threads; see ``compute_agent.operation``.
"""

from collections.abc import Callable
from typing import NamedTuple

from common import errors
from common.states import Power
from common.wire import Answer, Goal, Hardware, NetworkGoal, Query, Settled
from compute_agent.driver.contract import Driver
from compute_agent.operation import Operation, Pause, do

FETCH_SECONDS = 3600.0
"""Deadline of fetching and checking an image."""

POLL_SECONDS = 1.0
"""Pause between looks at a guest that was asked to power off."""

ASK_SECONDS = 10.0
"""Seconds after which a guest that has not powered off is asked again."""

ANSWER_CHARACTERS = 100_000
"""Characters of a console that one answer carries: its end; escaped as JSON they stay below the message limit."""


class Terms(NamedTuple):
    """What an operation needs to know besides its goal.

    ``restart``: how the goal's restart is still to be done. ``restarted`` notes, before the guest starts again, that
    it was. ``network_used`` says whether another server of this host has a place on a network.
    """

    shutdown_seconds: float
    restart: str | None
    restarted: Callable[[], None]
    network_used: Callable[[str], bool]


def converge(driver: Driver, goal: Goal, terms: Terms) -> Operation[Settled]:
    """Bring a server to its goal, and say how it is then.

    :raises ToftError: whatever the driver raised; the same operation begun again goes on from there.
    """
    if goal.power is Power.GONE:
        yield from remove(driver, goal, terms)
        return Settled(power=Power.GONE)
    if goal.power is Power.OFF:
        yield from power_off(driver, goal.server, terms.shutdown_seconds)
    elif terms.restart is not None:
        yield from power_off(driver, goal.server, terms.shutdown_seconds if terms.restart == "soft" else 0)
        # noted before the start: a crash between the two must not cut the power of the guest once more
        terms.restarted()
    hardware = yield from prepare(driver, goal)
    if goal.power is Power.ON:
        yield from do(driver.start, goal.server)
    power = yield from do(driver.power, goal.server)
    if goal.power is Power.ON and power not in (Power.ON, Power.PAUSED):
        raise errors.HypervisorError(f"the guest was started and is {power} at once; see its console and its log")
    notes = (yield from do(driver.notes, goal.server)) if goal.power is Power.ON else {}
    return Settled(power=power, hardware=hardware, notes=notes)


def prepare(driver: Driver, goal: Goal) -> Operation[Hardware]:
    """Have all that a server stands on, and its domain defined.

    A server whose hardware is known was built before: should its disk be gone, that is an error to be told, and no
    empty disk takes its place.

    :raises BadRequest: the goal lacks what a server needs.
    """
    if goal.guest is None or goal.image is None:
        raise errors.BadRequest(f"the goal of server {goal.server} names no guest or no image")
    if goal.hardware is None:
        yield from do(driver.ensure_image, goal.image, lane=f"image:{goal.image.digest}", deadline=FETCH_SECONDS)
        yield from do(driver.ensure_disk, goal.server, goal.image, goal.guest.disk_gib)
    for network in networks(goal):
        yield from do(driver.ensure_network, network, lane=f"network:{network.id}")
    for port in goal.ports:
        yield from do(driver.bind_port, port, lane=f"network:{port.network.id}")
    if goal.drive is not None:
        yield from do(driver.ensure_drive, goal.server, goal.drive, goal.ports)
    hardware = yield from do(driver.define, goal)
    return hardware


def power_off(driver: Driver, server: str, patience: float) -> Operation[None]:
    """Let the guest power off within ``patience`` seconds (0: do not ask it), then cut its power."""
    power = yield from do(driver.power, server)
    waited, hears = 0.0, True
    while power is Power.ON and waited < patience:
        if hears and waited % ASK_SECONDS == 0:  # a guest that still boots does not hear the first time
            hears = yield from ask_to_power_off(driver, server)
        yield Pause(POLL_SECONDS)
        waited += POLL_SECONDS
        power = yield from do(driver.power, server)
    if power not in (Power.OFF, Power.GONE):
        yield from do(driver.destroy, server)


def ask_to_power_off(driver: Driver, server: str) -> Operation[bool]:
    """Ask a guest to power off; False where its QEMU hangs, which is no reason to leave its power on."""
    try:
        yield from do(driver.shutdown, server, deadline=ASK_SECONDS)
    except errors.DeadlineExceeded:
        return False
    return True


def remove(driver: Driver, goal: Goal, terms: Terms) -> Operation[None]:
    """Leave nothing of a server. What it stood on goes only after its guest: the hypervisor still held it."""
    yield from power_off(driver, goal.server, 0)
    yield from do(driver.undefine, goal.server)
    for port in goal.ports:
        yield from do(driver.unbind_port, port.network.id, port.mac, lane=f"network:{port.network.id}")
    yield from do(driver.remove_files, goal.server)
    for network in networks(goal):
        if not terms.network_used(network.id):
            yield from do(driver.remove_network, network.id, lane=f"network:{network.id}")


def networks(goal: Goal) -> tuple[NetworkGoal, ...]:
    """Give the networks of a goal's ports, each once."""
    return tuple({port.network.id: port.network for port in goal.ports}.values())


def answer(driver: Driver, server: str, query: Query) -> Operation[Answer]:
    """Answer a query: the end of the serial console."""
    text = yield from do(driver.console, server, query.length, deadline=20.0)
    return Answer(query=query.id, text=text[-ANSWER_CHARACTERS:].replace("\0", ""))  # no database keeps a NUL
