"""What an agent tells of itself."""

import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from common import settings
from common.bus.memory import MemoryBus
from common.clock import ManualClock, SystemClock
from common.gauges import Reading
from common.ids import time_ordered
from common.states import Power
from compute_agent.driver.memory import MemoryDriver
from compute_agent.operation import Call
from compute_agent.service import AgentService
from compute_agent.sight import metrics, readings
from compute_agent.sight.lanes import SeenLanes
from tests.doubles.agent import FakeController, Host, Lanes, goal
from tests.doubles.gauges import Told
from tests.services.ports import free_ports


def test_calls_are_timed_by_how_they_end() -> None:
    clock, told, lanes = ManualClock(), Told(), Lanes()
    seen = SeenLanes(lanes, told, clock)

    def start(seconds: float) -> int:
        assert seen.busy == 1
        clock.advance(seconds)
        return int(10 / seconds)

    seen.submit("server:a", Call(start, (2.0,)), 1)
    assert lanes.waiting["server:a"][0][0].name == "start"
    assert lanes.step("server:a")[1].value == 5
    seen.submit("server:a", Call(start, (0.0,)), 2)
    assert isinstance(lanes.step("server:a")[1].error, ZeroDivisionError)
    assert told.counts == {(metrics.CALLS, ("start", "done")): 1, (metrics.CALLS, ("start", "failed")): 1}
    assert told.times == {(metrics.CALL, ("start",)): [2.0, 0.0]}
    assert seen.busy == 0


def test_lanes_that_hang_are_told() -> None:
    lanes = Lanes()
    lanes.hung = {"server:a": "define hangs"}
    assert SeenLanes(lanes, Told(), ManualClock()).stuck() == {"server:a": "define hangs"}


def looked(host: Host) -> dict[object, float]:
    return {(r.metric, *r.labels): r.value for r in readings.of_loop(host.session, host.journal)}


def test_a_host_that_is_not_welcome_has_no_epoch() -> None:
    assert looked(Host()) == {(metrics.EPOCH,): 0, (metrics.EVENTS,): 0, (metrics.STRANGERS,): 0}


def test_a_host_at_work() -> None:
    host = Host()
    controller = FakeController(host)
    controller.welcome()
    controller.want(goal(1))
    controller.want(goal(2, power=Power.OFF))
    controller.want(goal(3, power=Power.GONE))
    host.session.refusals.count("expired", "here")
    controller.live(30)
    assert looked(host) == {
        (metrics.EPOCH,): 1,
        (metrics.EVENTS,): 0,
        (metrics.ROUND_TRIP,): pytest.approx(1.0, abs=1.0),
        (metrics.GOALS, "settled"): 2,
        (metrics.DOMAINS, "on"): 1,
        (metrics.DOMAINS, "off"): 1,
        (metrics.STRANGERS,): 0,
        (metrics.REFUSALS, "expired"): 1,
    }


def test_a_loop_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "PATIENCE", 0.01)
    lanes = SeenLanes(Lanes(), Told(), ManualClock())
    asked: list[Callable[[], None]] = []
    found = {r.metric: r.value for r in readings.look(lanes, lambda: [Reading(metrics.EPOCH, 1)], asked.append)}
    assert found == {metrics.BUSY: 0, metrics.STUCK: 0, metrics.ANSWERS: 0}
    answered = {r.metric: r.value for r in readings.look(lanes, lambda: [Reading(metrics.EPOCH, 7)], lambda do: do())}
    assert answered == {metrics.BUSY: 0, metrics.STUCK: 0, metrics.ANSWERS: 1, metrics.EPOCH: 7}


def test_every_metric_has_its_own_name_and_says_what_it_is() -> None:
    names = [metric.name for metric in metrics.METRICS]
    assert len(set(names)) == len(names)
    assert {value for value in vars(metrics).values() if isinstance(value, metrics.Metric)} == set(metrics.METRICS)
    assert all(name.startswith("toft_agent_") for name in names)
    assert all(metric.says.endswith(".") for metric in metrics.METRICS)


def test_an_agent_of_its_own_is_read_by_prometheus(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    chosen = settings.Settings(
        state=settings.State(path=str(tmp_path)),
        bus=settings.Bus(url="amqp://elsewhere"),
        metrics=settings.Metrics(port=port),
    )
    agent = AgentService(chosen, MemoryBus(), MemoryDriver(), SystemClock(), time_ordered(SystemClock()))
    agent.start()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            found = {s.name: s.value for f in families for s in f.samples if not s.labels}
    finally:
        agent.stop()
    assert found["toft_agent_answers"] == 1
    assert found["toft_agent_epoch"] == 0
