"""Operations side by side: results, errors, pauses, ends."""

from collections.abc import Callable

import pytest

from common import logs
from common.clock import ManualClock
from compute_agent.operation import Operation, Pause, do
from compute_agent.runner import Outcome, Runner
from tests.doubles.agent import Lanes


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def lanes() -> Lanes:
    return Lanes()


@pytest.fixture
def runner(lanes: Lanes, clock: ManualClock) -> Runner:
    return Runner(lanes, clock)


@pytest.fixture
def ends() -> list[Outcome]:
    return []


def double(number: int, lane: str = "") -> Operation[int]:
    length = yield from do(len, "x" * number, lane=lane)
    other = yield from do(len, "y" * number)
    return length + other


def test_results_go_in_and_the_end_comes_out(runner: Runner, lanes: Lanes, ends: list[Outcome]) -> None:
    runner.begin("server:1", double(3, "image:x"), ends.append)
    assert lanes.lanes() == ["image:x"]
    runner.answered(*lanes.step("image:x"))
    assert lanes.lanes() == ["server:1"]
    runner.answered(*lanes.step("server:1"))
    assert ends == [Outcome(6)]


def test_errors_are_thrown_in(runner: Runner, lanes: Lanes, ends: list[Outcome]) -> None:
    def careful() -> Operation[str]:
        try:
            yield from do(int, "x")
        except ValueError:
            return "caught"
        return "missed"

    def careless() -> Operation[int]:
        return (yield from do(int, "x"))

    for operation in (careful(), careless()):
        runner.begin("server:1", operation, ends.append)
        runner.answered(*lanes.step("server:1"))
    assert ends[0] == Outcome("caught")
    assert isinstance(ends[1].error, ValueError)


def test_an_operation_without_a_call_ends_at_once(runner: Runner, ends: list[Outcome]) -> None:
    def nothing() -> Operation[int]:
        return 7
        yield Pause(1)

    runner.begin("server:1", nothing(), ends.append)
    assert ends == [Outcome(7)]


def pausing() -> Operation[int]:
    yield Pause(5)
    yield Pause(2)
    return 1


def test_pauses_take_their_time(runner: Runner, clock: ManualClock, ends: list[Outcome]) -> None:
    runner.begin("server:1", pausing(), ends.append)
    assert runner.next_due() == 5
    clock.advance(4)
    runner.tick()
    assert runner.next_due() == 5
    clock.advance(1)
    runner.tick()
    assert runner.next_due() == 7
    clock.advance(2)
    runner.tick()
    assert (runner.next_due(), ends) == (None, [Outcome(1)])


def test_a_pause_is_cut_short(runner: Runner, clock: ManualClock, ends: list[Outcome]) -> None:
    after: list[str] = []
    number = runner.begin("server:1", pausing(), ends.append)
    runner.stop(number, lambda: after.append("stopped"))
    clock.advance(10)
    runner.tick()
    assert (after, ends) == (["stopped"], [])


@pytest.mark.parametrize(("lane", "waited"), [("", True), ("server:1", True), ("image:x", False)])
def test_only_a_call_in_the_own_lane_is_waited_for(
    runner: Runner, lanes: Lanes, ends: list[Outcome], lane: str, waited: bool
) -> None:
    after: list[str] = []
    number = runner.begin("server:1", double(3, lane), ends.append)
    runner.stop(number, lambda: after.append("stopped"))
    assert after == ([] if waited else ["stopped"])
    runner.answered(*lanes.step(lanes.lanes()[0]))
    assert (after, ends, lanes.lanes()) == (["stopped"], [], [])


def test_an_answer_that_nobody_waits_for_is_dropped(runner: Runner, lanes: Lanes, ends: list[Outcome]) -> None:
    runner.begin("server:1", double(3), ends.append)
    token, outcome = lanes.step("server:1")
    runner.answered(token, outcome)
    runner.answered(token, outcome)
    assert len(lanes.waiting["server:1"]) == 1


def test_another_runner_takes_no_answer_for_its_own(lanes: Lanes, clock: ManualClock, ends: list[Outcome]) -> None:
    first, second = Runner(lanes, clock), Runner(lanes, clock)
    first.begin("server:1", double(3), ends.append)
    second.begin("server:2", double(3), ends.append)
    second.answered(*lanes.step("server:1"))
    assert (ends, lanes.lanes()) == ([], ["server:2"])


def test_an_operation_keeps_its_request_id(runner: Runner, lanes: Lanes) -> None:
    seen: list[str] = []

    def two() -> Operation[None]:
        for _ in range(2):
            seen.append(logs._request_id.get())
            yield from do(len, "")

    def done(outcome: Outcome) -> None:
        seen.append(logs._request_id.get())

    with logs.request("req-1"):
        runner.begin("server:1", two(), done)
    steps: list[Callable[[], None]] = [lambda: runner.answered(*lanes.step("server:1"))] * 2
    for step in steps:
        step()
    assert seen == ["req-1"] * 3
