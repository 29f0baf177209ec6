import pytest

from common.clock import ManualClock
from compute_agent.operation import Operation, Pause, do
from compute_agent.took import Took


def ensure_image(name: str) -> str:
    return f"image {name}"


def define() -> None:
    raise OSError("no")


def work(closed: list[str]) -> Operation[str]:
    try:
        image = yield from do(ensure_image, "a")
        yield Pause(1.0)
        try:
            yield from do(define)
        except OSError as error:
            return f"{image}, {error}"
        return image
    finally:
        closed.append("closed")


def test_calls_are_measured_and_answered_as_before() -> None:
    clock = ManualClock()
    took, closed = Took(clock), []
    operation = took.measured(work(closed))
    wish = next(operation)
    assert (wish.name, wish.args) == ("ensure_image", ("a",))
    clock.advance(2.5)
    assert operation.send(wish.make()) == Pause(1.0)
    clock.advance(1.0)
    wish = operation.send(None)
    clock.advance(0.25)
    with pytest.raises(StopIteration) as end:
        operation.throw(OSError("no"))
    assert end.value.value == "image a, no"
    assert took.told() == {"image": 2.5, "define": 0.25}
    assert closed == ["closed"]


def test_calls_of_one_name_add_up_and_short_ones_are_not_told() -> None:
    clock = ManualClock()
    took = Took(clock)
    for seconds in (0.25, 0.5, 0.0001):
        operation = took.measured(do(ensure_image if seconds > 0.1 else define))
        next(operation)
        clock.advance(seconds)
        with pytest.raises(StopIteration):
            operation.send(None)
    assert took.told() == {"image": 0.75}


def test_closing_it_closes_what_it_measures() -> None:
    closed: list[str] = []
    operation = Took(ManualClock()).measured(work(closed))
    next(operation)
    operation.close()
    assert closed == ["closed"]
