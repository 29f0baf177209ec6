"""The shell around cores without threads. Turns are counted; nothing here depends on how long one takes."""

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from common import errors, loop
from common.loop import Loop

PATIENCE = 30.0


class Turns:
    """Turns that do what they were told, one after another; the last is done again for ever."""

    def __init__(self, *scripted: object) -> None:
        self.scripted, self.taken, self.more = list(scripted), 0, threading.Condition()

    def __call__(self) -> object:
        with self.more:
            what = self.scripted.pop(0) if len(self.scripted) > 1 else self.scripted[0]
            self.taken += 1
            self.more.notify_all()
        if isinstance(what, Exception):
            raise what
        return what

    def wait_for(self, count: int) -> None:
        with self.more:
            assert self.more.wait_for(lambda: self.taken >= count, PATIENCE)


@pytest.fixture
def run() -> Iterator[Callable[..., Loop]]:
    """Start a loop that is stopped at the end."""
    made: list[Loop] = []

    def started(turns: Turns, poll: float) -> Loop:
        made.append(Loop("worker", turns, poll))
        made[-1].start()
        return made[-1]

    yield started
    for one in made:
        one.stop()
        one.join(PATIENCE)
        assert not one._thread.is_alive()


def test_a_busy_turn_is_followed_at_once(run: Callable[..., Loop]) -> None:
    turns = Turns(1, 1, 1, 0)
    run(turns, poll=PATIENCE * 10)
    turns.wait_for(4)


def test_an_idle_loop_waits_until_it_is_woken(run: Callable[..., Loop]) -> None:
    turns = Turns(0)
    made = run(turns, poll=PATIENCE * 10)
    for count in (1, 2, 3):
        turns.wait_for(count)
        made.wake()
    turns.wait_for(4)


def test_an_idle_loop_looks_by_itself(run: Callable[..., Loop]) -> None:
    turns = Turns(0)
    run(turns, poll=0.01)
    turns.wait_for(3)


def test_what_fails_is_told_and_tried_again_after_growing_pauses(
    run: Callable[..., Loop], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans: list[tuple[float, float]] = []

    def no_pause(least: float, most: float) -> float:
        spans.append((least, most))
        return 0.0

    monkeypatch.setattr(loop.random, "uniform", no_pause)
    turns = Turns(errors.BusUnavailable("no broker"), ValueError("broken"), 0)
    with caplog.at_level(logging.WARNING):
        run(turns, poll=PATIENCE * 10)
        turns.wait_for(3)
    away, broken = caplog.records
    assert (away.getMessage(), away.exc_info) == ("worker waits: no broker", None)
    assert broken.getMessage() == "a turn of worker failed"
    assert broken.exc_info
    assert spans == [(0.5, 1.0)] * 2


def test_a_pause_grows_to_a_bound_and_ends_with_the_loop(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = Loop("worker", Turns(errors.BusUnavailable("no broker")))
    pauses: list[float] = []

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1100:  # more than a float can double
            made.stop()

    monkeypatch.setattr(loop.random, "uniform", lambda least, most: most)
    monkeypatch.setattr(made._stopping, "wait", wait)
    made.start()
    made.join(PATIENCE)
    assert pauses == sorted(pauses)
    assert pauses[:3] == [0.2, 0.4, 0.8]
    assert pauses[-1] == loop.LONGEST_BACKOFF
    assert [record.getMessage() for record in caplog.records] == [
        "worker waits: no broker"
    ]  # once, and then by the minute


def test_one_that_never_began_is_over_at_once() -> None:
    made = Loop("worker", Turns(0))
    made.stop()
    made.join(PATIENCE)
    assert not made._thread.is_alive()
