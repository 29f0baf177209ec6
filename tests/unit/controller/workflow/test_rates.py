"""How much a host may say."""

import pytest

from common.clock import ManualClock
from controller.workflow import rates
from controller.workflow.rates import Rates


def test_a_burst_then_a_steady_rate() -> None:
    clock = ManualClock()
    bucket = Rates(clock, rate=2.0, burst=5)
    assert [bucket.takes("h") for _ in range(6)] == [True] * 5 + [False]
    assert bucket.takes("another")
    clock.advance(1.0)
    assert [bucket.takes("h") for _ in range(3)] == [True, True, False]
    clock.advance(3600.0)
    assert sum(bucket.takes("h") for _ in range(50)) == 5


def test_a_large_message_counts_as_several() -> None:
    bucket = Rates(ManualClock(), rate=1.0, burst=10)
    assert bucket.takes("h", rates.PIECE * 4)
    assert bucket.takes("h", rates.PIECE * 5 - 1)
    assert not bucket.takes("h", 0)


def test_who_was_too_loud_is_told_once() -> None:
    bucket = Rates(ManualClock(), rate=1.0, burst=1)
    assert bucket.takes("h")
    assert bucket.loud() == set()
    assert not bucket.takes("h")
    assert bucket.loud() == {"h"}
    assert bucket.loud() == set()


def test_full_buckets_are_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "HOSTS", 3)
    clock = ManualClock()
    bucket = Rates(clock, rate=1.0, burst=2)
    for host in ("a", "b", "c"):
        assert bucket.takes(host)
    clock.advance(10.0)
    assert bucket.takes("d")
    assert bucket.takes("d")
    assert not bucket.takes("d"), "an empty one is kept"
