"""Guests that hang: each worker of the agent is in a call on one of them, and the host goes on."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from common import wire
from common.bus.memory import MemoryBus
from common.clock import SystemClock
from common.ids import time_ordered
from common.settings import Agent
from common.states import Power
from compute_agent.service import AgentService
from tests.contract.driver_suite import goal_for
from tests.doubles.agent import HOST, server_id
from tests.functional.test_agent import Controller

WORKERS = 4
HUNG = [server_id(number) for number in range(1, WORKERS + 1)]
OTHER = server_id(9)


def until(true: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


@pytest.fixture
def controller() -> Iterator[Controller]:
    bus = MemoryBus()
    bus.declare()
    bus.declare_host(HOST)
    made = Controller(bus)
    made.lease_seconds = 60.0
    yield made
    made.ended.set()


@pytest.fixture
def agent(settings, controller, make_driver, tmp_path) -> Iterator[AgentService]:
    chosen = Agent(
        host_id=HOST, workers=WORKERS, heartbeat_seconds=1, states_seconds=5, shutdown_seconds=3600, reserved_disk_gib=0
    )
    own = msgspec.structs.replace(settings, agent=chosen)
    clock = SystemClock()
    made = AgentService(own, controller.bus, make_driver(), clock, time_ordered(clock))
    controller.thread.start()
    made.start()
    yield made
    made.stop()


def processes() -> list[int]:
    return [int(Path(f"/run/libvirt/qemu/{server}.pid").read_text()) for server in HUNG]


def settled(controller: Controller, server: str, generation: int) -> bool:
    ends = [e for e in controller.said if (e.server, e.generation) == (server, generation) and e.kind == "settled"]
    return bool(ends)


def beats(controller: Controller) -> list[wire.Heartbeat]:
    return [wire.body_of(event) for event in controller.said if event.kind == "heartbeat"]


def test_hung_guests_stop_nobody_else(agent, controller, tiny):
    until(lambda: agent.epoch == 1)
    for server in HUNG:
        controller.want(goal_for(tiny, server, power=Power.ON, ports=()))
    until(lambda: all(settled(controller, server, 1) for server in HUNG))
    stopped = processes()
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    try:
        for server in HUNG:
            controller.want(goal_for(tiny, server, generation=2, ports=()))
        until(lambda: len(beats(controller)[-1].stuck) == WORKERS)
        assert set(beats(controller)[-1].stuck) == {f"server:{server}" for server in HUNG}
        before = len(beats(controller))
        controller.want(goal_for(tiny, OTHER, power=Power.ON, ports=()))
        until(lambda: settled(controller, OTHER, 1))
        assert agent._driver.power(OTHER) is Power.ON
        controller.want(wire.Goal(server=OTHER, generation=2, power=Power.GONE))
        until(lambda: settled(controller, OTHER, 2))
        until(lambda: len(beats(controller)) > before + 2)
        states = [wire.body_of(event) for event in controller.said if event.kind == "states"][-1]
        assert {line.reason for line in states.present if line.server in HUNG} == {
            "shutdown has not come back for 10 s"
        }
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)
    until(lambda: beats(controller)[-1].stuck == {})
    for server in HUNG:
        controller.want(wire.Goal(server=server, generation=3, power=Power.GONE))
    until(lambda: all(settled(controller, server, 3) for server in HUNG))
    assert agent._driver.listing().present == ()
    assert len({event.host_epoch for event in controller.said if event.kind == "heartbeat"}) == 1
