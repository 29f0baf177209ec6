"""Who gives way to whom, and for how long at most."""

import pytest

from common.clock import ManualClock
from controller.workflow.right_of_way import LONGEST_SECONDS, QUIET_SECONDS, RightOfWay


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_nobody_gives_way_to_nobody(clock: ManualClock) -> None:
    RightOfWay(clock, clock.advance).give()
    assert clock.monotonic() == 0.0


def test_a_lone_change_holds_nobody_up(clock: ManualClock) -> None:
    way = RightOfWay(clock, clock.advance)
    clock.advance(1.0)
    way.claim()
    clock.advance(QUIET_SECONDS)
    way.claim()
    way.give()
    assert clock.monotonic() == 1.0 + QUIET_SECONDS


def test_a_turn_waits_until_there_is_quiet(clock: ManualClock) -> None:
    way = RightOfWay(clock, clock.advance)
    way.claim()
    clock.advance(QUIET_SECONDS / 2)
    way.claim()
    way.give()
    assert clock.monotonic() == pytest.approx(QUIET_SECONDS * 1.5)


def test_no_flood_stops_a_turn(clock: ManualClock) -> None:
    def flooded(seconds: float) -> None:
        clock.advance(min(seconds, QUIET_SECONDS / 2))
        way.claim()

    way = RightOfWay(clock, flooded)
    way.claim()
    way.claim()
    way.give()
    assert clock.monotonic() == pytest.approx(LONGEST_SECONDS)
