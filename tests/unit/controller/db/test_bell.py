"""The bell and the pulse, on a real PostgreSQL."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from common import errors
from common.clock import ManualClock
from controller.db.bell import Bell
from controller.db.engine import Store
from controller.db.pulse import SILENT_SECONDS
from tests.services import postgresql as services_postgresql
from tests.services.postgresql import PostgreSQL
from tests.services.stores import Stores

SOON = 10.0


@pytest.fixture
def store(stores: Stores, tmp_path: Path) -> Iterator[Store]:
    with stores.postgresql(tmp_path) as made:
        yield made


@pytest.fixture
def bells(store: Store) -> Iterator[tuple[Bell, Bell]]:
    made = Bell(store.engine, "one"), Bell(store.engine, "two")
    yield made
    for bell in made:
        bell.close()


def test_the_others_hear_it_and_the_ringer_does_not(bells: tuple[Bell, Bell]) -> None:
    one, two = bells
    assert (one.heard(0), two.heard(0)) == (True, True)  # they begin to listen: something may have been before
    one.ring()
    assert two.heard(SOON) is True
    assert (one.heard(0.05), two.heard(0.05)) == (False, False)


def test_a_bell_without_a_database_says_so(bells: tuple[Bell, Bell]) -> None:
    nowhere = Bell(sa.create_engine("postgresql+psycopg://toft@127.0.0.1:1/x"), "three")
    for act in (nowhere.ring, lambda: nowhere.heard(0)):
        with pytest.raises(errors.DatabaseUnavailable):
            act()


@pytest.fixture(scope="module")
def freezer() -> Iterator[PostgreSQL]:
    with services_postgresql.running() as server:
        yield server


def test_who_waits_for_a_server_that_answers_nothing_is_let_go(freezer: PostgreSQL) -> None:
    store, clock = Store(freezer.url()), ManualClock()
    pulse = store.watched(clock)
    assert pulse is not None
    with store.read() as tx:
        tx.one(sa.select(1))
    said: list[Exception] = []

    def ask() -> None:
        try:
            with store.read() as tx:
                tx.one(sa.select(1))
        except errors.DatabaseUnavailable as error:
            said.append(error)

    with freezer.frozen():
        asking = threading.Thread(target=ask)
        asking.start()
        while not said:
            pulse.turn()
            clock.advance(SILENT_SECONDS)
            asking.join(0.1)
        asking.join()
        with pytest.raises(errors.DatabaseUnavailable, match="does not answer"), store.read():
            raise AssertionError("it was let through")
    pulse.turn()
    with store.read() as tx:
        assert tx.one(sa.select(1)) == (1,)
    store.close()


def test_a_statement_that_takes_long_is_left_alone(freezer: PostgreSQL) -> None:
    store, clock = Store(freezer.url()), ManualClock()
    pulse = store.watched(clock)
    assert pulse is not None
    begun = threading.Event()
    done: list[object] = []

    def slowly() -> None:
        with store.read() as tx:
            tx.one(sa.select(1))
            begun.set()
            done.append(tx.one(sa.select(sa.func.pg_sleep(0.5).is_(None))))

    working = threading.Thread(target=slowly)
    working.start()
    begun.wait(SOON)
    while working.is_alive():
        pulse.turn()
        clock.advance(SILENT_SECONDS)
        working.join(0.05)
    assert len(done) == 1
    store.close()


def test_sqlite_needs_no_pulse(sqlite_store: Store) -> None:
    assert sqlite_store.watched(ManualClock()) is None
