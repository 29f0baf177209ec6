"""What a controller tells of itself."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from common import errors
from common.bus.contract import Delivery
from common.clock import ManualClock
from common.model.host import HostState
from common.settings import Settings
from controller.db import migrate, tables
from controller.db.engine import Store
from controller.scheduler.contract import Decision
from controller.scheduler.terms import Ask, Demand
from controller.sight import metrics
from controller.sight.consumer import SeenConsumer
from controller.sight.rate import Rate
from controller.sight.readings import Readings
from controller.sight.scheduler import SeenScheduler
from controller.sight.store import SeenStore
from controller.workflow.registry import WORKFLOWS
from controller.workflow.start import start
from controller.workflow.world import World
from tests.doubles.gauges import Told
from tests.services.clouds import add_host


class Calls:
    """Stands for a consumer or a scheduler; notes what it was asked."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.made = clock, []
        self.deliveries: list[Delivery] = []

    def receive(self, timeout: float, limit: int) -> list[Delivery]:
        self.made.append(("receive", timeout, limit))
        return self.deliveries

    def claim(self, tx: object, asks: Sequence[Ask]) -> list[Decision]:
        self.clock.advance(0.25)
        return [Decision(ask.server, "h" if ask.server != "b" else None, "") for ask in asks]

    def __getattr__(self, name: str):
        return lambda *words: self.made.append((name, *words))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def calls(clock: ManualClock) -> Calls:
    return Calls(clock)


def test_decisions_are_timed_and_counted(calls: Calls, clock: ManualClock) -> None:
    told = Told()
    seen = SeenScheduler(calls, told, clock)
    small = Demand(shared=1, memory_mib=1, disk_gib=1)
    asks = [Ask("a", small), Ask("b", small), Ask("c", small)]
    assert [decision.host for decision in seen.claim(None, asks)] == ["h", None, "h"]
    assert told.times == {(metrics.DECISION, ()): [0.25]}
    assert told.counts == {(metrics.DECIDED, ("placed",)): 2, (metrics.DECIDED, ("no host",)): 1}


def test_what_is_not_measured_is_handed_on(calls: Calls, clock: ManualClock) -> None:
    scheduler = SeenScheduler(calls, Told(), clock)
    scheduler.release(None, ["a"])
    scheduler.reload()
    consumer = SeenConsumer(calls, Told())
    consumer.ack([1])
    consumer.release([2])
    consumer.reject([3])
    consumer.close()
    assert calls.made == [
        ("release", None, ["a"]),
        ("reload",),
        ("ack", [1]),
        ("release", [2]),
        ("reject", [3]),
        ("close",),
    ]


def test_reports_are_counted_by_kind_and_host(calls: Calls) -> None:
    told = Told()
    consumer = SeenConsumer(calls, told)
    keys = ("host.h1.heartbeat", "host.h1.heartbeat", "host.h2.settled", "host.h2.nonsense", "nonsense")
    calls.deliveries = [Delivery(n, key, b"", False) for n, key in enumerate(keys)]
    assert consumer.receive(0.5, 7) == calls.deliveries
    assert calls.made == [("receive", 0.5, 7)]
    assert consumer.taken == 5
    assert told.counts == {
        (metrics.BATCH, ()): 1,
        (metrics.REPORTS, ("heartbeat",)): 2,
        (metrics.REPORTS, ("settled",)): 1,
        (metrics.REPORTS, ("other",)): 2,
        (metrics.HOST_REPORTS, ("h1",)): 2,
        (metrics.HOST_REPORTS, ("h2",)): 2,
        (metrics.HOST_REPORTS, ("",)): 1,
    }


def test_nothing_that_came_is_told_of(calls: Calls) -> None:
    told = Told()
    assert SeenConsumer(calls, told).receive(0.5, 7) == []
    assert told.counts == {}


def test_a_rate_is_since_the_last_look(clock: ManualClock) -> None:
    total = 100.0
    rate = Rate(lambda: total, clock)
    total = 130.0
    clock.advance(10.0)
    assert rate.per_second() == 3.0
    assert rate.per_second() == 0.0
    clock.advance(10.0)
    assert rate.per_second() == 0.0


def test_transactions_are_timed_also_those_that_fail(tmp_path: Path, clock: ManualClock) -> None:
    told = Told()
    store = SeenStore(f"sqlite:///{tmp_path}/db", 2, told, clock)
    with store.tx():
        clock.advance(0.5)
        assert store.busy == 1
    with pytest.raises(errors.NotFound):
        _fail(store, clock)
    assert told.times == {(metrics.COMMIT, ()): [0.5, 0.25]}
    assert store.busy == 0
    store.close()


def _fail(store: Store, clock: ManualClock) -> None:
    with store.tx():
        clock.advance(0.25)
        raise errors.NotFound("no")


def test_every_metric_has_its_own_name_and_says_what_it_is() -> None:
    names = [metric.name for metric in metrics.METRICS]
    assert len(set(names)) == len(names)
    there = {value for value in vars(metrics).values() if isinstance(value, metrics.Metric)}
    assert there == set(metrics.METRICS)
    for metric in metrics.METRICS:
        assert metric.name.startswith("toft_controller_")
        assert metric.says.endswith(".")


def test_readings_say_that_the_database_is_away() -> None:
    away = Store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    found = list(Readings(away, ManualClock(), {}).look())
    assert [(reading.metric, reading.value) for reading in found] == [(metrics.UP, 0.0)]
    away.close()


def test_readings_of_a_database(tmp_path: Path, clock: ManualClock) -> None:
    url = f"sqlite:///{tmp_path}/db"
    migrate.upgrade(url)
    store = Store(url)
    world = World(clock, iter(map(str, range(100))).__next__, Settings(), None)  # type: ignore[arg-type]
    with store.tx() as tx:
        add_host(tx, clock, "near")
        add_host(tx, clock, "far", state="down")
        add_host(tx, clock, "away", enabled=False)
        tx.put(tables.stranger, [{"host_id": "near", "domain": "d", "first_seen": clock.now()}])
        for subject in ("a", "b"):
            start(tx, world, "server.create", subject, "p", {}, "")
        start(tx, world, "server.delete", "c", "p", {}, "")
        tx.do(tables.workflow.update().where(tables.workflow.c.kind == "server.delete").values(kind="new", position=7))
        waiting = {"id": "o", "host_id": "near", "verb": "query", "body": "{}", "created_at": clock.now()}
        tx.put(tables.outbox, [waiting | {"retry_at": clock.now()}])
    clock.advance(40.0)
    found = {(reading.metric, reading.labels): reading.value for reading in Readings(store, clock, WORKFLOWS).look()}
    place, unknown = ("server.create", "claim", "forward"), ("new", "7", "forward")
    assert found == {
        (metrics.UP, ()): 1,
        (metrics.OUTBOX, ()): 1,
        (metrics.OUTBOX_AGE, ()): 40,
        (metrics.NOTIFICATIONS, ()): 0,
        (metrics.NOTIFICATION_AGE, ()): 0,
        (metrics.WORKFLOWS, place): 2,
        (metrics.WORKFLOW_AGE, place): 40,
        (metrics.WORKFLOWS, unknown): 1,
        (metrics.WORKFLOW_AGE, unknown): 40,
        **{(metrics.HOSTS, (str(state),)): 0 for state in HostState},
        (metrics.HOSTS, ("up",)): 1,
        (metrics.HOSTS, ("down",)): 1,
        (metrics.HOSTS, ("disabled",)): 1,
        **{(metrics.HOST_SILENCE, (name,)): 40 for name in ("near", "far", "away")},
        (metrics.STRANGERS, ()): 1,
    }
    store.close()
