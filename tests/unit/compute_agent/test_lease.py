"""How long a host may speak."""

from datetime import timedelta

import pytest

from common.clock import ManualClock
from common.wire import Lease, Welcome
from compute_agent.lease import REMEMBERED, Standing


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def standing(clock: ManualClock) -> Standing:
    return Standing(clock)


def welcome(clock: ManualClock, ahead: float = 0.0) -> Welcome:
    at = clock.now() + timedelta(seconds=ahead)
    return Welcome(hello="h", epoch=4, lease_seconds=60, wanted=(), at=at)


def test_before_the_welcome_nothing_is_lost(standing: Standing, clock: ManualClock) -> None:
    clock.advance(1000)
    assert (standing.epoch, standing.lost) == (None, False)


def test_a_lease_counts_from_when_it_was_asked_for(standing: Standing, clock: ManualClock) -> None:
    clock.advance(50)
    standing.begin(welcome(clock), asked=10)
    clock.advance(19)
    assert (standing.epoch, standing.lost) == (4, False)
    clock.advance(1)
    assert standing.lost, "who takes its place may do so at this very moment"
    standing.end()
    assert not standing.lost


def test_a_renewal_counts_from_the_heartbeat(standing: Standing, clock: ManualClock) -> None:
    standing.begin(welcome(clock), asked=0)
    beat = standing.beat({})
    clock.advance(40)
    standing.renew(Lease(beat=beat.beat, lease_seconds=60, at=clock.now()))
    clock.advance(15)
    assert not standing.lost
    standing.renew(Lease(beat=beat.beat, lease_seconds=600, at=clock.now()))
    clock.advance(10)
    assert standing.lost


def test_an_answer_out_of_order_makes_no_lease_shorter(standing: Standing, clock: ManualClock) -> None:
    standing.begin(welcome(clock), asked=0)
    first = standing.beat({})
    standing.renew(Lease(beat=first.beat, lease_seconds=1, at=clock.now()))
    clock.advance(30)
    assert not standing.lost


def test_heartbeats_that_nobody_answers_are_given_up(standing: Standing, clock: ManualClock) -> None:
    standing.begin(welcome(clock), asked=0)
    first = standing.beat({})
    for _ in range(REMEMBERED):
        standing.beat({})
    standing.renew(Lease(beat=first.beat, lease_seconds=9999, at=clock.now()))
    clock.advance(61)
    assert standing.lost


def test_what_is_past_is_judged_by_controller_time(standing: Standing, clock: ManualClock) -> None:
    standing.begin(welcome(clock, ahead=-3600), asked=0)
    at = clock.now() - timedelta(seconds=1800)
    assert not standing.expired(at)
    standing.renew(Lease(beat=standing.beat({}).beat, lease_seconds=60, at=clock.now()))
    assert standing.expired(at)


def test_a_heartbeat_says_which_was_answered_last_and_what_hangs(clock: ManualClock, standing: Standing) -> None:
    first = standing.beat({})
    assert (first.answered, first.stuck) == (0, {})
    standing.renew(Lease(beat=first.beat, lease_seconds=60, at=clock.now()))
    second = standing.beat({"server:1": "shutdown has not come back"})
    assert (second.answered, second.stuck) == (first.beat, {"server:1": "shutdown has not come back"})
