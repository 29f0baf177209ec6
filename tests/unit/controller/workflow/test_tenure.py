"""Tenure: one controller holds the scheduler's lease, and believes in it no longer than the database does."""

from collections.abc import Collection
from pathlib import Path

import pytest

from common.clock import ManualClock
from common.ids import time_ordered
from common.model.controller import Controller as Controller_
from common.settings import Scheduler, Settings
from controller.db import controllers
from controller.db.engine import Store
from controller.scheduler.exact import ExactScheduler
from controller.workflow.presence import ALIVE
from controller.workflow.tenure import Tenure
from controller.workflow.world import World
from tests.services.stores import Stores

SECONDS = Settings().controller.scheduler_lease_seconds


class CountingScheduler(ExactScheduler):
    reloads = 0

    def reload(self) -> None:
        self.reloads += 1
        super().reload()


class Controller:
    """A controller's tenure over a shared store and clock."""

    def __init__(self, store: Store, clock: ManualClock, name: str) -> None:
        ids = time_ordered(clock)
        self.scheduler = CountingScheduler(clock, ids)
        self.tenure = Tenure(store, World(clock, ids, Settings(), self.scheduler), name)

    @property
    def leads(self) -> bool:
        return self.tenure.holds("scheduler")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def one(store: Store, clock: ManualClock) -> Controller:
    return Controller(store, clock, "one")


@pytest.fixture
def two(store: Store, clock: ManualClock) -> Controller:
    return Controller(store, clock, "two")


def test_the_first_to_ask_holds_it_as_long_as_it_asks_again(
    one: Controller, two: Controller, clock: ManualClock
) -> None:
    assert not one.leads
    assert (one.tenure.turn(), two.tenure.turn()) == (1, 0)
    for _ in range(5):
        clock.advance(SECONDS - 1)
        assert (one.tenure.turn(), two.tenure.turn()) == (0, 0)
        assert (one.leads, two.leads) == (True, False)
    assert (one.scheduler.reloads, two.scheduler.reloads) == (1, 0)


def test_another_takes_over_when_it_ran_out(one: Controller, two: Controller, clock: ManualClock) -> None:
    one.tenure.turn()
    clock.advance(SECONDS)
    assert not one.leads
    assert two.tenure.turn() == 1
    assert one.tenure.turn() == 0
    assert (one.leads, two.leads) == (False, True)
    assert two.scheduler.reloads == 1
    clock.advance(SECONDS)
    assert one.tenure.turn() == 1
    assert one.scheduler.reloads == 2


def test_one_that_cannot_ask_holds_it_no_longer_than_it_lasts(stores: Stores, tmp_path: Path) -> None:
    clock = ManualClock()
    with stores.sqlite(tmp_path) as store:
        alone = Controller(store, clock, "alone")
        alone.tenure.turn()
    clock.advance(SECONDS - 0.1)
    assert alone.leads
    clock.advance(0.1)
    assert not alone.leads


def test_what_was_given_back_is_free_at_once(one: Controller, two: Controller) -> None:
    two.tenure.end()  # it holds nothing
    one.tenure.turn()
    two.tenure.end()
    assert one.leads
    one.tenure.end()
    assert not one.leads
    assert two.tenure.turn() == 1
    one.tenure.end()
    assert two.leads


def test_each_controller_takes_its_share_of_the_shards(store: Store, clock: ManualClock) -> None:
    owned: dict[str, list[int]] = {}

    class Owning(ExactScheduler):
        def __init__(self, name: str) -> None:
            super().__init__(clock, time_ordered(clock))
            self.name = name

        def own(self, shards: Collection[int]) -> None:
            owned[self.name] = list(shards)

    def begin(name: str) -> Tenure:
        world = World(clock, time_ordered(clock), Settings(scheduler=Scheduler(shards=4)), Owning(name))
        with store.tx() as tx:
            now = clock.now()
            controllers.write(tx, Controller_(name=name, url="", version="1", started_at=now, seen_at=now))
        return Tenure(store, world, name, ("scheduler", "other"))

    first = begin("first")
    first.turn()
    assert owned == {"first": [0, 1, 2, 3]}
    second = begin("second")
    second.turn()
    assert owned["second"] == [], "all are held still"
    first.turn()
    second.turn()
    assert [len(some) for some in owned.values()] == [2, 2]
    assert set(owned["first"]).isdisjoint(owned["second"])
    assert first.holds("scheduler")
    assert second.holds("scheduler")
    assert not second.holds("other")
    clock.advance(ALIVE.total_seconds() + 1)  # the first died
    with store.tx() as tx:
        now = clock.now()
        controllers.write(tx, Controller_(name="second", url="", version="1", started_at=now, seen_at=now))
    second.turn()
    assert owned["second"] == [0, 1, 2, 3]
