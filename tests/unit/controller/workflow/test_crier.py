"""The crier: at least once, in order, bounded, and only by the controller that leads."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from common import errors
from common.clock import ManualClock
from common.ids import time_ordered
from common.model.notification import Notification
from common.settings import Notifications, Settings
from controller.db import notifications
from controller.db.engine import Store
from controller.scheduler.exact import ExactScheduler
from controller.workflow.crier import BATCH, Crier
from controller.workflow.world import World


class Broker:
    """Takes messages until it goes away, or until its ``last`` one."""

    def __init__(self) -> None:
        self.took: list[str] = []
        self.last: str | None = None

    def publish(self, message: Mapping[str, Any]) -> None:
        if self.last == "nothing":
            raise errors.BusUnavailable("it is away")
        self.took.append(message["message_id"])
        if message["message_id"] == self.last:
            raise KeyboardInterrupt


class Place:
    """A crier over a store."""

    def __init__(self, store: Store, limit: int = 1000) -> None:
        self.store, self.clock, self.broker, self.leads = store, ManualClock(), Broker(), True
        ids = time_ordered(self.clock)
        chosen = Settings(notifications=Notifications(enabled=True, keep_hours=1.0, limit=limit))
        world = World(self.clock, ids, chosen, ExactScheduler(self.clock, ids))
        self.crier = Crier(store, world, self.broker.publish, lambda: self.leads)

    def write(self, *ids: str) -> None:
        for id_ in ids:
            self.clock.advance(0.001)
            now = self.clock.now()
            row = Notification(id=id_, event_type="e", body='{"priority":"INFO"}', created_at=now, retry_at=now)
            with self.store.tx() as tx:
                notifications.add(tx, [row])

    def waiting(self) -> list[str]:
        with self.store.read() as tx:
            return [row.id for row in notifications.due(tx, self.clock.now() + timedelta(days=1), 1000)]


@pytest.fixture
def place(store: Store) -> Place:
    return Place(store)


def test_what_was_written_is_published_once_in_order(place: Place) -> None:
    place.write("b", "a", "c")
    assert place.crier.turn() is False
    assert (place.broker.took, place.waiting()) == (["b", "a", "c"], [])
    place.crier.turn()
    assert place.broker.took == ["b", "a", "c"]


def test_more_than_a_batch_takes_more_turns(place: Place) -> None:
    place.write(*(f"{n:03}" for n in range(BATCH + 1)))
    assert (place.crier.turn(), place.crier.turn()) == (True, False)
    assert place.broker.took == sorted(place.broker.took)


def test_a_broker_that_is_away_loses_nothing(place: Place) -> None:
    place.write("a", "b")
    place.broker.last = "nothing"
    with pytest.raises(errors.BusUnavailable):
        place.crier.turn()
    assert place.waiting() == ["a", "b"]
    place.broker.last = None
    place.crier.turn()
    assert place.broker.took == ["a", "b"]


def test_one_that_dies_behind_the_publishing_says_it_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write("a")

    def dead(*_: object) -> None:
        raise errors.DatabaseUnavailable("killed here")

    with monkeypatch.context() as patched:
        patched.setattr(notifications, "drop", dead)
        with pytest.raises(errors.DatabaseUnavailable):
            place.crier.turn()
    place.crier.turn()
    assert place.broker.took == ["a", "a"]


def test_what_was_published_before_it_died_is_not_said_again(place: Place) -> None:
    place.write("a", "b", "c")
    place.broker.last = "b"
    with pytest.raises(KeyboardInterrupt):
        place.crier.turn()
    assert place.waiting() == ["b", "c"]


def test_only_who_leads_publishes(place: Place) -> None:
    place.write("a")
    place.leads = False
    assert place.crier.turn() is False
    assert place.waiting() == ["a"]


def test_what_nobody_takes_for_hours_is_dropped_and_said(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.write("old")
    place.clock.advance(3600)
    place.write("new")
    place.crier.turn()
    assert place.broker.took == ["new"]
    assert "1 notifications that nobody took are dropped" in caplog.text


def test_above_the_limit_the_oldest_go(store: Store) -> None:
    place = Place(store, limit=2)
    place.write("a", "b", "c", "d")
    place.crier.turn()
    assert place.broker.took == ["c", "d"]
