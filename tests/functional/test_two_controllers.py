"""Two controllers beside one another as real processes: what one begins the other goes on with, whatever dies."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from controller.db import hosts, ledger, tables
from controller.db.engine import Store
from tests.functional.controllers import COMPUTE, Controllers, all_active, create, furnish, until
from tests.services import postgresql as services_postgresql
from tests.services.postgresql import PostgreSQL
from tests.services.rabbitmq import RabbitMQ
from tests.unit.common.images import qcow2

PAIR = ("one", "two")


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    with services_postgresql.running() as server:
        yield server


@pytest.fixture(scope="module")
def cloud(database: PostgreSQL, rabbitmq: RabbitMQ, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controllers]:
    """Both controllers, started at the same moment on an empty database, and a host."""
    made = Controllers(tmp_path_factory.mktemp("cloud"), rabbitmq.fresh_url(), database.url(database.create()))
    try:
        for name in PAIR:
            made.start(name)
        made.start("host1", "agent")
        until(lambda: made.healthy(*PAIR))
        made.login("one")
        furnish(made, *PAIR)
        yield made
    finally:
        made.stop()


@pytest.fixture
def store(cloud: Controllers) -> Iterator[Store]:
    made = Store(cloud.database)
    yield made
    made.close()


def leader(store: Store) -> str:
    """Give the controller that schedules."""
    with store.read() as tx:
        row = tx.one(
            sa.select(tables.lease.c.holder).where(
                tables.lease.c.name == "scheduler", tables.lease.c.until > datetime.now(UTC)
            )
        )
    return str(row[0]).partition("/")[0] if row else ""


def other(name: str) -> str:
    return next(n for n in PAIR if n != name)


def sound(store: Store) -> None:
    """Nothing doubled, nothing leaked."""
    with store.read() as tx:
        assert ledger.verify(tx) == []
    until(lambda: states(store) == {"host1": "up"})


def states(store: Store) -> dict[str, str]:
    with store.read() as tx:
        return {host.name: host.state.value for host in hosts.listing(tx)}


def test_each_knows_the_other_and_reads_its_tokens(cloud: Controllers, store: Store) -> None:
    with store.read() as tx:
        known = {name for (name,) in tx.rows(tables.controller.select().with_only_columns(tables.controller.c.name))}
    assert known == set(PAIR)
    for name in PAIR:
        cloud.login(name)
        assert [cloud.call(n, "GET", "/identity/v3/auth/projects").status for n in PAIR] == [200, 200]


def test_what_one_took_in_the_other_gives_out(cloud: Controllers) -> None:
    image = cloud.call("two", "GET", "/image/v2/images").body["images"][0]["id"]
    assert cloud.call("two", "GET", f"/image/v2/images/{image}/file").body == qcow2()
    until(lambda: list((cloud.folder / "two" / "images").glob("?" * 64)))
    assert cloud.call("two", "GET", f"/image/v2/images/{image}/file").body == qcow2()


def test_an_image_deleted_by_one_leaves_neither(cloud: Controllers) -> None:
    image = {"name": "other", "disk_format": "qcow2", "container_format": "bare"}
    made = cloud.call("one", "POST", "/image/v2/images", image).body["id"]
    assert cloud.call("one", "PUT", f"/image/v2/images/{made}/file", qcow2(1 << 26)).status == 204
    folders = [cloud.folder / name / "images" for name in PAIR]
    until(lambda: [len(list(f.glob("?" * 64))) for f in folders] == [2, 2])
    assert cloud.call("two", "DELETE", f"/image/v2/images/{made}").status == 204
    until(lambda: [len(list(f.glob("?" * 64))) for f in folders] == [1, 1])


def test_a_create_by_way_of_one_is_scheduled_by_the_other(cloud: Controllers, store: Store) -> None:
    follower = other(until(lambda: leader(store)))
    made = create(cloud, follower)
    until(lambda: all_active(cloud, follower, made))
    for name in PAIR:
        asked = {"os-getConsoleOutput": {"length": 5}}
        assert cloud.call(name, "POST", f"{COMPUTE}/servers/{made[0]}/action", asked).status == 200


def test_a_key_used_with_one_is_known_to_the_other(cloud: Controllers) -> None:
    first, again = (create(cloud, name, Idempotency_Key="once") for name in PAIR)
    assert first == again


def test_the_one_that_schedules_may_die_in_the_middle(cloud: Controllers, store: Store) -> None:
    dying = until(lambda: leader(store))
    left = other(dying)
    made = create(cloud, dying, 5) + create(cloud, left, 5)
    cloud.kill(dying)
    made += create(cloud, left, 5)
    until(lambda: all_active(cloud, left, made))
    assert leader(store) == left
    cloud.start(dying)
    until(lambda: cloud.healthy(dying))
    sound(store)


def test_one_that_was_stopped_for_longer_than_its_lease_writes_nothing_old(cloud: Controllers, store: Store) -> None:
    stopped = until(lambda: leader(store))
    left = other(stopped)
    made = create(cloud, stopped, 5)
    cloud.signal(stopped, signal.SIGSTOP)
    until(lambda: leader(store) == left)
    made += create(cloud, left, 5)
    until(lambda: all_active(cloud, left, made))
    for server in made[::2]:
        assert cloud.call(left, "DELETE", f"{COMPUTE}/servers/{server}").status == 204
    cloud.signal(stopped, signal.SIGCONT)
    until(lambda: cloud.healthy(stopped))
    until(lambda: not {s["id"] for s in cloud.servers(stopped)} & set(made[::2]))
    assert all_active(cloud, stopped, made[1::2])
    sound(store)


def test_a_memory_alarm_of_the_broker_stops_no_request(cloud: Controllers, rabbitmq: RabbitMQ) -> None:
    with rabbitmq.memory_alarm():
        made = [server for name in PAIR for server in create(cloud, name, 3)]
        assert [cloud.call(name, "GET", f"{COMPUTE}/servers").status for name in PAIR] == [200, 200]
    until(lambda: all_active(cloud, "one", made))


def test_a_database_that_answers_nothing_is_said_in_time(cloud: Controllers, database: PostgreSQL) -> None:
    with database.frozen():
        answers = [cloud.call(name, "GET", f"{COMPUTE}/servers", timeout=25) for name in PAIR]
        assert [(a.status, a.headers.get("Retry-After")) for a in answers] == [(503, "2"), (503, "2")]
        assert "serviceUnavailable" in answers[0].body
        again = cloud.call("one", "GET", "/healthcheck", timeout=5)
        assert again.status == 503
    until(lambda: cloud.healthy(*PAIR))


def test_controllers_wait_for_a_database_that_is_away(cloud: Controllers, database: PostgreSQL) -> None:
    database.stop()
    for name in PAIR:
        answer = cloud.call(name, "GET", f"{COMPUTE}/servers")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    cloud.start("three")
    until(lambda: "waiting to start" in cloud.log("three"))
    database.start()
    until(lambda: cloud.healthy(*PAIR, "three"))
    assert cloud.log("three").count("waiting to start") == 1
    made = create(cloud, "three")
    until(lambda: all_active(cloud, "three", made))


def test_another_set_of_keys_is_refused(cloud: Controllers, tmp_path: Path) -> None:
    stranger = Controllers(tmp_path, cloud.bus, cloud.database)
    stranger.start("four")
    assert stranger.running.pop("four").wait(60) == 1
    assert "has other keys than the controllers of this database" in stranger.log("four")
