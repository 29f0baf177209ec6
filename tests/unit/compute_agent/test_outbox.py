"""What leaves a host, in which order, under which epoch."""

import pytest

from common import wire
from common.clock import ManualClock
from common.ids import time_ordered
from common.states import Power
from compute_agent.journal import Journal
from compute_agent.outbox import KEPT, KINDS, Outbox
from tests.doubles.agent import HOST, Host

OFF = wire.PowerSeen(power=Power.OFF)


@pytest.fixture
def outbox() -> Outbox:
    clock = ManualClock()
    return Outbox(HOST, Journal(":memory:", clock), clock, time_ordered(clock))


def test_every_kind_has_its_way(outbox: Outbox) -> None:
    assert set(KINDS.values()) == set(wire.EVENTS)
    assert {KINDS[body] for body in KEPT} == {"settled", "failed", "power", "stale", "answer"}


def test_of_what_is_only_true_now_the_newest_leaves(outbox: Outbox) -> None:
    outbox.say(wire.Heartbeat(beat=1))
    outbox.say(wire.Heartbeat(beat=2))
    outbox.say(OFF)
    outbox.say(OFF)
    taken = outbox.take(3)
    assert [(e.kind, e.seq, e.host_epoch) for e in taken] == [("heartbeat", 2, 3), ("power", 1, 3), ("power", 2, 3)]
    assert wire.body_of(taken[0]) == wire.Heartbeat(beat=2)


def test_nothing_leaves_twice_unless_it_was_returned(outbox: Outbox) -> None:
    outbox.say(OFF)
    outbox.say(wire.Heartbeat(beat=1))
    taken = outbox.take(1)
    assert outbox.take(1) == []
    outbox.returned(taken)
    again = outbox.take(1)
    assert [e.id for e in again] == [e.id for e in taken]
    outbox.confirmed(again)
    assert outbox.take(1) == []


def test_a_newer_one_is_not_confirmed_with_the_older(outbox: Outbox) -> None:
    outbox.say(wire.Heartbeat(beat=1))
    taken = outbox.take(1)
    outbox.say(wire.Heartbeat(beat=2))
    outbox.confirmed(taken)
    assert [wire.body_of(e) for e in outbox.take(1)] == [wire.Heartbeat(beat=2)]


def test_a_full_batch_leaves_the_rest_for_the_next(outbox: Outbox) -> None:
    for _ in range(5):
        outbox.say(OFF)
    first, second, third = outbox.take(1, 2), outbox.take(1, 2), outbox.take(1, 2)
    assert [len(batch) for batch in (first, second, third)] == [2, 2, 1]
    assert [e.seq for e in first + second + third] == [1, 2, 3, 4, 5]


def test_before_the_welcome_only_the_hello_leaves(outbox: Outbox) -> None:
    outbox.say(OFF)
    outbox.say(wire.Heartbeat(beat=1))
    assert outbox.take(None) == []
    host = Host()
    host.session.start()
    host.settle()
    assert [(e.kind, e.host_epoch) for e in host.said] == [("hello", 0)]


def test_a_new_hello_makes_what_was_true_before_void(outbox: Outbox) -> None:
    outbox.say(wire.Heartbeat(beat=1))
    outbox.say(OFF)
    outbox.hush()
    assert [e.kind for e in outbox.take(1)] == ["power"]
