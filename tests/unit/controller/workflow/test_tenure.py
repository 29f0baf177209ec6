"""Tenure: one controller holds the scheduler's lease, and believes in it no longer than the database does."""

from pathlib import Path

import pytest

from common.clock import ManualClock
from common.ids import time_ordered
from common.settings import Settings
from controller.db.engine import Store
from controller.scheduler.exact import ExactScheduler
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
