"""Pauses grow, to a bound."""

from common.backoff import backoff


def test_a_pause_doubles_up_to_the_longest() -> None:
    assert [backoff(failures, 10) for failures in range(1, 6)] == [2, 4, 8, 10, 10]
    assert [backoff(failures, 1, first=0.2) for failures in range(1, 5)] == [0.2, 0.4, 0.8, 1]


def test_no_outage_is_too_long() -> None:
    assert backoff(1_000_000, 10) == 10
