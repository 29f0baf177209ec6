"""Named leases: one holder at a time, and an epoch that tells the next from the last."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from common.clock import ManualClock
from controller.db import leases
from controller.db.engine import Store


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def take(store: Store, clock: ManualClock, holder: str, name: str = "scheduler") -> int | None:
    with store.tx() as tx:
        return leases.take(tx, name, holder, 60, clock)


def test_a_lease_has_one_holder_until_it_ends(store: Store, clock: ManualClock) -> None:
    assert take(store, clock, "a") == 1
    clock.advance(59)
    assert take(store, clock, "b") is None
    clock.advance(1)
    assert take(store, clock, "b") == 2
    assert take(store, clock, "a") is None


def test_its_holder_makes_it_last(store: Store, clock: ManualClock) -> None:
    for _ in range(3):
        assert take(store, clock, "a") == 1
        clock.advance(59)
    assert take(store, clock, "b") is None


def test_a_holder_that_was_late_starts_a_new_epoch(store: Store, clock: ManualClock) -> None:
    take(store, clock, "a")
    clock.advance(60)
    assert take(store, clock, "a") == 2


def test_each_name_is_a_lease_of_its_own(store: Store, clock: ManualClock) -> None:
    assert (take(store, clock, "a", "x"), take(store, clock, "b", "y")) == (1, 1)


def test_what_is_given_back_is_free(store: Store, clock: ManualClock) -> None:
    take(store, clock, "a")
    with store.tx() as tx:
        leases.give(tx, "scheduler", "a", 99, clock)
    assert take(store, clock, "b") is None
    with store.tx() as tx:
        leases.give(tx, "scheduler", "a", 1, clock)
    assert take(store, clock, "b") == 2


def test_of_many_at_once_one_gets_it(store: Store, clock: ManualClock) -> None:
    with ThreadPoolExecutor(8) as pool:
        epochs = list(pool.map(lambda i: take(store, clock, f"holder {i}"), range(16)))
    assert sorted(epochs, key=str) == [1] + [None] * 15
