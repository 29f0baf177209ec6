"""The thread that reads commands, a turn at a time and without a thread."""

import threading
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from common import errors
from common.bus.contract import COMMANDS, Outgoing
from common.bus.memory import MemoryBus
from compute_agent.listener import Listener
from compute_agent.pauses import Pauses
from tests.doubles.agent import HOST


class Loop:
    """Takes commands, or breaks of them."""

    def __init__(self) -> None:
        self.session = SimpleNamespace(losses=0)
        self.taken: list[bytes] = []
        self.error: Exception | None = None

    def take(self, bodies: list[bytes]) -> Future[list[int]]:
        answer: Future[list[int]] = Future()
        if self.error is not None:
            answer.set_exception(self.error)
        else:
            self.taken += bodies
            answer.set_result([])
        return answer


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    monkeypatch.setattr(Pauses, "rest", lambda pauses: made.append("rest"))
    monkeypatch.setattr(Pauses, "over", lambda pauses: made.append("over"))
    return made


@pytest.fixture
def bus() -> MemoryBus:
    made = MemoryBus()
    made.declare()
    made.declare_host(HOST)
    made.publisher().publish([Outgoing(COMMANDS, HOST, b"a command")])
    return made


def listener(bus: Any, loop: Loop) -> Listener:
    return Listener(bus, HOST, loop, threading.Event())  # type: ignore[arg-type]


def test_what_is_kept_is_acked_and_what_breaks_comes_again(bus: MemoryBus, rests: list[str]) -> None:
    loop = Loop()
    one = listener(bus, loop)
    loop.error = ZeroDivisionError()
    one._turn()
    loop.error = None
    one._turn()
    assert (loop.taken, rests) == ([b"a command"], ["rest", "over"])
    one._hang_up()


def test_a_broker_that_is_away_is_told_once(rests: list[str], caplog: pytest.LogCaptureFixture) -> None:
    def refuse(host: str) -> None:
        raise errors.BusUnavailable("the broker is away")

    one = listener(SimpleNamespace(commands=refuse), Loop())
    caplog.set_level("INFO")
    one._turn()
    one._turn()
    assert caplog.messages == ["no commands: the broker is away"]
    assert rests == ["rest", "rest"]


def test_a_session_that_was_not_heard_has_it_connect_anew(bus: MemoryBus) -> None:
    loop = Loop()
    one = listener(bus, loop)
    first = one._connected()
    assert one._connected() is first
    loop.session.losses += 1
    assert one._connected() is not first
    one._hang_up()
    one._hang_up()


def test_an_agent_that_stops_waits_for_no_answer() -> None:
    loop = Loop()
    one = listener(None, loop)
    one._ended.set()
    with pytest.raises(errors.Unavailable, match="stopping"):
        one._journalled([b"a command"])
