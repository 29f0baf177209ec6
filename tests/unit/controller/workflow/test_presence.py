"""Presence: controllers know of one another, and no two have one name."""

import pytest

from common import errors
from common.clock import ManualClock
from common.ids import time_ordered
from common.settings import Settings
from controller.db import controllers
from controller.db.engine import Store
from controller.scheduler.exact import ExactScheduler
from controller.workflow.presence import ALIVE, Presence
from controller.workflow.world import World


def presence(store: Store, clock: ManualClock, name: str, url: str) -> Presence:
    ids = time_ordered(clock)
    world = World(clock, ids, Settings(), ExactScheduler(clock, ids))
    return Presence(store, world, name, url, "1", lambda: {"beats": clock.monotonic()})


def alive(store: Store, clock: ManualClock) -> dict[str, dict[str, object]]:
    with store.read() as tx:
        return {name: c.gauges for name, c in controllers.alive(tx, clock.now() - ALIVE).items()}


def test_each_is_there_from_its_arrival_until_it_leaves(store: Store) -> None:
    clock = ManualClock()
    one, two = presence(store, clock, "one", "http://1"), presence(store, clock, "two", "http://2")
    one.arrive()
    two.arrive()
    clock.advance(3)
    assert one.turn() is False
    assert alive(store, clock) == {"one": {"beats": 3.0}, "two": {"beats": 0.0}}
    two.leave()
    assert list(alive(store, clock)) == ["one"]
    with store.read() as tx:
        assert [c.name for c in controllers.listing(tx)] == ["one"]


def test_one_that_falls_silent_is_not_believed_for_long(store: Store) -> None:
    clock = ManualClock()
    presence(store, clock, "one", "http://1").arrive()
    clock.advance(ALIVE.total_seconds())
    assert alive(store, clock) == {}


def test_a_name_is_taken_while_its_owner_is_there(store: Store) -> None:
    clock = ManualClock()
    presence(store, clock, "one", "http://1").arrive()
    presence(store, clock, "one", "http://1").arrive()  # started again after a kill
    with pytest.raises(errors.SettingsError, match="a controller named one is at http://1"):
        presence(store, clock, "one", "http://2").arrive()
    clock.advance(ALIVE.total_seconds())
    presence(store, clock, "one", "http://2").arrive()
