"""Lanes: order within one, none between them, deadlines, threads that hang."""

import queue
import threading
from collections.abc import Iterator

import pytest

from common import errors, logs
from common.clock import ManualClock
from compute_agent.lanes import OTHERS, SPARE, WorkerLanes
from compute_agent.operation import Call
from compute_agent.runner import Outcome

Answers = queue.SimpleQueue[tuple[int, Outcome]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def answers() -> Answers:
    return queue.SimpleQueue()


@pytest.fixture
def lanes(clock: ManualClock, answers: Answers) -> Iterator[WorkerLanes]:
    made = WorkerLanes(lambda token, outcome: answers.put((token, outcome)), clock, {OTHERS: 2, "image": 1})
    yield made
    made.close()


def call(function: object, *args: object, deadline: float = 60.0) -> Call:
    return Call(function, args, "", deadline)  # type: ignore[arg-type]


class Gate:
    """A call that hangs until it is opened."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Semaphore(0), threading.Event()

    def wait(self, value: int = 0) -> int:
        self.entered.release()
        self.opened.wait()
        return value


def test_outcomes_come_back(lanes: WorkerLanes, answers: Answers) -> None:
    lanes.submit("server:1", call(len, "abc"), 1)
    assert answers.get(timeout=30) == (1, Outcome(3))
    lanes.submit("server:1", call(int, "x"), 2)
    token, outcome = answers.get(timeout=30)
    assert (token, type(outcome.error)) == (2, ValueError)


def test_one_at_a_time_in_a_lane_and_many_lanes_at_once(lanes: WorkerLanes, answers: Answers) -> None:
    gate = Gate()
    lanes.submit("server:1", call(gate.wait, 1), 1)
    gate.entered.acquire()
    lanes.submit("server:1", call(len, "ab"), 2)
    lanes.submit("server:2", call(len, "abc"), 3)
    assert answers.get(timeout=30) == (3, Outcome(3))
    gate.opened.set()
    assert [answers.get(timeout=30)[0] for _ in range(2)] == [1, 2]


def test_kinds_of_lanes_take_no_threads_from_each_other(lanes: WorkerLanes, answers: Answers) -> None:
    gate = Gate()
    for number in range(3):
        lanes.submit(f"image:{number}", call(gate.wait), number)
    gate.entered.acquire()
    lanes.submit("server:1", call(len, "ab"), 9)
    assert answers.get(timeout=30) == (9, Outcome(2))
    gate.opened.set()
    assert {answers.get(timeout=30)[0] for _ in range(3)} == {0, 1, 2}


def test_a_hung_call_is_abandoned_and_its_lane_goes_on(
    lanes: WorkerLanes, answers: Answers, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    for number in (1, 2):
        lanes.submit(f"server:{number}", call(gate.wait, deadline=30), number)
        gate.entered.acquire()
    lanes.submit("server:1", call(len, "ab"), 3)
    lanes.sweep()
    assert answers.empty()
    clock.advance(31)
    lanes.sweep()
    late = dict(answers.get(timeout=30) for _ in range(3))
    assert isinstance(late[1].error, errors.DeadlineExceeded)
    assert isinstance(late[2].error, errors.DeadlineExceeded)
    assert late[3] == Outcome(2)
    assert lanes.stuck() == {f"server:{n}": "wait has not come back for 30 s" for n in (1, 2)}
    gate.opened.set()
    while lanes.stuck():
        gate.opened.wait(0.01)
    assert answers.empty()


def test_slow_calls_give_up_their_places(lanes: WorkerLanes, answers: Answers, clock: ManualClock) -> None:
    gate = Gate()
    for number in (1, 2):
        lanes.submit(f"server:{number}", call(gate.wait), number)
        gate.entered.acquire()
    lanes.submit("server:3", call(len, "ab"), 3)
    lanes.sweep()
    assert answers.empty()
    clock.advance(6)
    lanes.sweep()
    assert answers.get(timeout=30) == (3, Outcome(2))
    assert lanes.stuck() == {}
    gate.opened.set()
    assert {answers.get(timeout=30)[0] for _ in range(2)} == {1, 2}
    lanes.submit("server:4", call(len, "ab"), 4)
    assert answers.get(timeout=30) == (4, Outcome(2))


def test_what_is_expected_to_take_long_keeps_its_place(
    lanes: WorkerLanes, answers: Answers, clock: ManualClock
) -> None:
    gate = Gate()
    lanes.submit("image:1", call(gate.wait, deadline=3600), 1)
    gate.entered.acquire()
    lanes.submit("image:2", call(len, "ab"), 2)
    clock.advance(600)
    lanes.sweep()
    assert answers.empty()
    gate.opened.set()
    assert [answers.get(timeout=30)[0] for _ in range(2)] == [1, 2]


def test_when_all_hang_that_may_the_rest_is_refused(lanes: WorkerLanes, answers: Answers, clock: ManualClock) -> None:
    gate = Gate()
    most = 2 + SPARE
    for number in range(most):
        lanes.submit(f"server:{number}", call(gate.wait, deadline=100), number)
    entered = 0
    while entered < most:
        if gate.entered.acquire(timeout=0.1):
            entered += 1
        else:
            clock.advance(5.5)
            lanes.sweep()
    clock.advance(101)
    lanes.sweep()
    lanes.submit("server:100", call(len, "ab"), 100)
    lanes.submit("server:100", call(len, "ab"), 101)
    lanes.submit("image:1", call(len, "ab"), 102)
    lanes.sweep()
    ended = dict(answers.get(timeout=30) for _ in range(most + 3))
    assert len(lanes.stuck()) == most
    assert ended[102] == Outcome(2)
    assert {str(ended[n].error) for n in (100, 101)} == {"len is not tried: too many calls on this host hang"}
    gate.opened.set()
    while lanes.stuck():
        gate.opened.wait(0.01)
    lanes.submit("server:100", call(len, "ab"), 103)
    assert answers.get(timeout=30) == (103, Outcome(2))


def test_a_call_carries_its_request_id(lanes: WorkerLanes, answers: Answers) -> None:
    with logs.request("req-7"):
        lanes.submit("server:1", call(logs._request_id.get), 1)
    assert answers.get(timeout=30) == (1, Outcome("req-7"))


def test_after_the_close_nobody_hears_anything(lanes: WorkerLanes, answers: Answers) -> None:
    gate = Gate()
    lanes.submit("server:1", call(gate.wait), 1)
    gate.entered.acquire()
    lanes.submit("server:1", call(len, "a"), 2)
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("lane-")]
    lanes.close()
    gate.opened.set()
    for thread in threads:
        thread.join(30)
    assert answers.empty()


def test_instant_calls_need_no_thread(clock: ManualClock, answers: Answers) -> None:
    lanes = WorkerLanes(lambda token, outcome: answers.put((token, outcome)), clock, {OTHERS: 2}, instant=True)
    lanes.submit("server:1", call(threading.get_ident), 1)
    assert answers.get(block=False) == (1, Outcome(threading.get_ident()))
    lanes.close()
