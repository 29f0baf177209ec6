"""The thread that publishes, a step at a time and without a thread."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from common.bus.memory import MemoryBus
from compute_agent import speaker
from compute_agent.pauses import Pauses
from compute_agent.speaker import Speaker
from tests.doubles.agent import HOST, FakeController, Host


class Loop:
    """Does at once what is put."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def put(self, action: Callable[[], object]) -> None:
        action()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(Pauses, "rest", lambda pauses: None)


@pytest.fixture
def bus() -> MemoryBus:
    made = MemoryBus()
    made.declare()
    return made


@pytest.fixture
def loop() -> Loop:
    host = Host()
    host.session.start()
    while host.lanes.lanes():
        for lane in host.lanes.lanes():
            host.lane(lane)
    return Loop(host.session)


def made(bus: Any, loop: Loop) -> Speaker:
    return Speaker(bus, loop, threading.Event())  # type: ignore[arg-type]


def test_one_batch_at_a_time(bus: MemoryBus, loop: Loop) -> None:
    one = made(bus, loop)
    one.offer()
    one.offer()
    (hello,) = one._next()
    assert hello.kind == "hello"
    assert one._next() == []
    one._say([hello])
    (there,) = bus.reports().receive(0)
    assert there.key == f"host.{HOST}.hello"
    one.offer()
    assert one._next() == [], "it was confirmed"


def test_what_did_not_arrive_is_said_again_over_a_new_connection(loop: Loop) -> None:
    bus = MemoryBus()  # without exchanges: there is no broker yet
    one = made(bus, loop)
    one.offer()
    one._say(one._next())
    bus.declare()
    one.offer()
    one._say(one._next())
    assert len(bus.reports().receive(0)) == 1


def test_a_session_that_was_not_heard_has_it_connect_anew_and_an_idle_one_is_kept(loop: Loop) -> None:
    opened: list[str] = []

    def publisher() -> SimpleNamespace:
        opened.append("opened")
        return SimpleNamespace(
            publish=lambda messages: [],
            tick=lambda: opened.append("tick"),
            close=lambda: opened.append("closed"),
        )

    one = made(SimpleNamespace(publisher=publisher), loop)
    assert one._next() == []
    one._say([])
    assert one._next() == []
    loop.session.losses += 1
    one._say([])
    assert opened == ["opened", "tick", "closed", "opened"]


def test_what_arrived_for_a_session_that_broke_is_not_the_next_one_s(bus: MemoryBus, loop: Loop) -> None:
    one = made(bus, loop)
    one.offer()
    events = one._next()
    session, loop.session = loop.session, FakeController(Host()).host.session
    one._published(session, events, [])
    assert session.outgoing() == [], "nobody told it"
