"""The agent as it runs, in its threads, over the in-memory bus; the controller is a thread of this test."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from common import errors, settings, wire
from common.bus.contract import COMMANDS, Outgoing
from common.bus.memory import MemoryBus
from common.clock import SystemClock
from common.ids import time_ordered
from common.states import Power
from compute_agent.driver.libvirt.driver import LibvirtDriver
from compute_agent.driver.memory import MemoryDriver
from compute_agent.service import AgentService, embedded
from controller.seals import seal
from tests.doubles.agent import HOST, goal, server_id
from tests.unit.compute_agent.test_journal import spoil

S1 = server_id(1)
CLOCK = SystemClock()
IDS = time_ordered(CLOCK)


class Controller:
    """Reads all reports; welcomes each hello and answers heartbeats at once."""

    def __init__(self, bus: MemoryBus) -> None:
        self.bus, self.epoch = bus, 0
        self.goals: dict[str, wire.Goal] = {}
        self.said: list[wire.Event] = []
        self.answering = True
        self.lease_seconds = 2.0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.publisher = bus.publisher()

    def send(self, verb: str, body: wire.Message, server: str = "", generation: int = 0) -> None:
        command = wire.Command(
            id=IDS(),
            host=HOST,
            host_epoch=self.epoch,
            verb=verb,  # type: ignore[arg-type]
            body=wire.raw(body),
            expires=CLOCK.now() + timedelta(seconds=60),
            server=server,
            generation=generation,
        )
        self.raw(seal(command))

    def raw(self, body: bytes) -> None:
        assert self.publisher.publish([Outgoing(COMMANDS, HOST, body)]) == []

    def want(self, goal: wire.Goal) -> None:
        self.goals[goal.server] = goal
        self.send("converge", goal, goal.server, goal.generation)

    def run(self) -> None:
        consumer = self.bus.reports()
        while not self.ended.is_set():
            deliveries = consumer.receive(timeout=0.05)
            for delivery in deliveries:
                event = wire.unpack(delivery.body, wire.Event)
                assert delivery.key == f"host.{HOST}.{event.kind}"
                self.said.append(event)
                self.react(wire.body_of(event))
            consumer.ack([delivery.tag for delivery in deliveries])
        consumer.close()

    def react(self, body: object) -> None:
        if not self.answering:
            return
        if isinstance(body, wire.Hello):
            self.epoch += 1
            wanted = tuple(
                wire.Wanted(server=g.server, generation=g.generation, power=g.power, digest=g.digest())
                for g in self.goals.values()
            )
            self.send(
                "welcome",
                wire.Welcome(
                    hello=body.id, epoch=self.epoch, lease_seconds=self.lease_seconds, wanted=wanted, at=CLOCK.now()
                ),
            )
        if isinstance(body, wire.Heartbeat):
            self.send("lease", wire.Lease(beat=body.beat, lease_seconds=self.lease_seconds, at=CLOCK.now()))

    def kinds(self) -> list[str]:
        return [event.kind for event in self.said]


def until(true: Callable[[], object]) -> None:
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


@pytest.fixture
def chosen(tmp_path: Path) -> settings.Settings:
    agent = settings.Agent(host_id=HOST, driver="memory", heartbeat_seconds=0.2, shutdown_seconds=1)
    return settings.Settings(state=settings.State(path=str(tmp_path)), agent=agent)


@pytest.fixture
def bus() -> MemoryBus:
    made = MemoryBus()
    made.declare()
    made.declare_host(HOST)
    return made


@pytest.fixture
def controller(bus: MemoryBus) -> Iterator[Controller]:
    made = Controller(bus)
    made.thread.start()
    yield made
    made.ended.set()
    made.thread.join()


@pytest.fixture
def driver() -> MemoryDriver:
    return MemoryDriver()


@pytest.fixture
def agent(chosen: settings.Settings, bus: MemoryBus, driver: MemoryDriver) -> Iterator[AgentService]:
    made = AgentService(chosen, bus, driver, CLOCK, IDS)
    made.start()
    yield made
    made.stop()


def test_a_server_from_goal_to_gone(agent: AgentService, controller: Controller, driver: MemoryDriver) -> None:
    until(lambda: agent.epoch == 1)
    controller.want(goal(1))
    until(lambda: "settled" in controller.kinds())
    assert driver.power(S1) is Power.ON
    controller.send("query", wire.Query(id="q", what="console"), S1)
    until(lambda: "answer" in controller.kinds())
    driver.power_off(S1)
    until(lambda: "power" in controller.kinds())
    controller.want(goal(1, 2, Power.GONE))
    until(lambda: controller.kinds().count("settled") == 2)
    assert driver.domains == {}
    assert agent.problems() == []
    assert agent.stuck() == {}


def test_a_new_agent_over_the_same_state_goes_on(
    chosen: settings.Settings, bus: MemoryBus, controller: Controller, driver: MemoryDriver
) -> None:
    first = AgentService(chosen, bus, driver, CLOCK, IDS)
    first.start()
    until(lambda: first.epoch == 1)
    controller.want(goal(1))
    until(lambda: "settled" in controller.kinds())
    first.stop()
    restarted = msgspec.structs.replace(chosen, agent=msgspec.structs.replace(chosen.agent, boot_id="another"))
    driver.boot()
    second = AgentService(restarted, bus, driver, CLOCK, IDS)
    second.start()
    until(lambda: driver.power(S1) is Power.ON)
    second.stop()
    assert driver.domains[S1].boots == 2


def test_a_bus_that_is_not_there_yet_is_waited_for(chosen: settings.Settings, driver: MemoryDriver) -> None:
    bus = MemoryBus()
    agent = AgentService(chosen, bus, driver, CLOCK, IDS)
    agent.start()
    until(lambda: driver.calls["inventory"])
    time.sleep(0.2)
    bus.declare()
    bus.declare_host(HOST)
    controller = Controller(bus)
    controller.thread.start()
    until(lambda: agent.epoch is not None)
    agent.stop()
    controller.ended.set()
    controller.thread.join()


def test_a_controller_that_falls_silent_is_looked_for_again(agent: AgentService, controller: Controller) -> None:
    until(lambda: agent.epoch == 1)
    controller.answering = False
    until(lambda: controller.kinds().count("hello") == 2)
    assert agent.epoch is None
    controller.answering = True
    controller.react(wire.body_of(next(event for event in reversed(controller.said) if event.kind == "hello")))
    until(lambda: agent.epoch == 2)


def test_what_cannot_be_understood_goes_to_the_dead_letters(
    agent: AgentService, controller: Controller, bus: MemoryBus
) -> None:
    until(lambda: agent.epoch == 1)
    controller.raw(b"not a command")
    dead = bus.dead()
    found = dead.receive(timeout=30)
    assert [delivery.body for delivery in found] == [b"not a command"]
    dead.close()


def test_a_session_that_breaks_is_followed_by_another(
    agent: AgentService, controller: Controller, driver: MemoryDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: agent.epoch == 1)
    broken = agent._loop.session
    monkeypatch.setattr(broken._convergence, "accept", lambda goal, request_id: 1 / 0)
    controller.want(goal(1))
    until(lambda: agent._loop.session is not broken and agent.epoch)
    until(lambda: "stale" in controller.kinds())
    controller.want(goal(1))
    until(lambda: driver.power(S1) is Power.ON)


def test_the_driver_is_the_one_that_the_settings_name(chosen: settings.Settings, bus: MemoryBus) -> None:
    made = embedded(chosen, bus, CLOCK)
    assert isinstance(made._driver, MemoryDriver)
    made.stop()
    real = msgspec.structs.replace(chosen, agent=msgspec.structs.replace(chosen.agent, driver="libvirt"))
    made = embedded(real, bus, CLOCK)  # it touches nothing before it is started
    assert isinstance(made._driver, LibvirtDriver)
    made.stop()
    other = msgspec.structs.replace(chosen, agent=msgspec.structs.replace(chosen.agent, driver="xen"))
    with pytest.raises(errors.SettingsError, match="libvirt or memory"):
        embedded(other, bus, CLOCK)


def test_a_journal_damaged_while_in_use_is_made_up_for(
    agent: AgentService, controller: Controller, driver: MemoryDriver, tmp_path: Path
) -> None:
    until(lambda: agent.epoch == 1)
    controller.want(goal(1))
    until(lambda: "settled" in controller.kinds())

    def spoiled() -> bool:
        try:
            spoil(tmp_path / "agent" / "journal.sqlite", agent._journal)
        except sqlite3.OperationalError:  # its thread was just writing
            return False
        return True

    until(spoiled)
    until(lambda: (agent.epoch or 0) > 1)
    until(lambda: list((tmp_path / "agent").glob("journal.broken*")))
    controller.want(goal(1, 2, Power.OFF))
    until(lambda: driver.power(S1) is Power.OFF)
    assert driver.domains[S1].boots == 1
