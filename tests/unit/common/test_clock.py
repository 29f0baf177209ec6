from datetime import UTC, datetime, timedelta, timezone

from common.clock import ManualClock, SystemClock, wire_time


def test_the_systems_clock_is_aware_and_goes_on() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert clock.monotonic() <= clock.monotonic()


def test_a_manual_clock_moves_when_told() -> None:
    clock = ManualClock(datetime(2026, 5, 1, tzinfo=UTC))
    assert (clock.now(), clock.monotonic()) == (datetime(2026, 5, 1, tzinfo=UTC), 0.0)
    clock.advance(90)
    clock.advance(0.5)
    assert (clock.now(), clock.monotonic()) == (datetime(2026, 5, 1, 0, 1, 30, 500000, tzinfo=UTC), 90.5)


def test_wire_time_is_utc_in_whole_seconds() -> None:
    east = timezone(timedelta(hours=2))
    assert wire_time(datetime(2026, 1, 2, 3, 4, 5, 999999, tzinfo=east)) == "2026-01-02T01:04:05Z"
