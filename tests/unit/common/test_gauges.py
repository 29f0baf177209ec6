import pytest

from common.clock import ManualClock
from common.gauges import UNSEEN, Metric, timed
from tests.doubles.gauges import Told

SPENT = Metric("spent", "times", "Time.", ("what",))
MADE = Metric("made", "counter", "Number.")


def test_timed_tells_how_long_each_call_took() -> None:
    clock, told = ManualClock(), Told()

    def work(seconds: float) -> str:
        clock.advance(seconds)
        return "done"

    work_timed = timed(work, told, clock, SPENT, "work")
    assert [work_timed(2.0), work_timed(0.5)] == ["done", "done"]
    assert told.times[SPENT, ("work",)] == [2.0, 0.5]


def test_timed_tells_of_calls_that_raise() -> None:
    clock, told = ManualClock(), Told()

    def fail() -> None:
        clock.advance(3.0)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        timed(fail, told, clock, SPENT, "fail")()
    assert told.times[SPENT, ("fail",)] == [3.0]


def test_unseen_gauges_take_all() -> None:
    assert UNSEEN.count(MADE, by=2) is None  # type: ignore[func-returns-value]
    assert UNSEEN.took(SPENT, 1.0, "work") is None  # type: ignore[func-returns-value]
