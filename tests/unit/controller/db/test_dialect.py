"""What differs between the databases: settings of a connection, lost transactions, a database that goes away."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from common import errors
from controller.db import dialect, migrate, tables
from controller.db.engine import Store, Tx
from tests.services.postgresql import PostgreSQL, running
from tests.services.stores import Stores

PROJECT = tables.project


@pytest.fixture
def shared(stores: Stores, tmp_path: Path) -> Iterator[Store]:
    """A store on PostgreSQL."""
    with stores.postgresql(tmp_path) as store:
        yield store


def put(tx: Tx, *ids: str) -> None:
    tx.put(PROJECT, [{"id": i, "name": i} for i in ids])


def lock(tx: Tx, project: str) -> None:
    tx.rows(sa.select(PROJECT.c.id).where(PROJECT.c.id == project).with_for_update())


class TestSQLite:
    @pytest.mark.parametrize(
        ("pragma", "value"),
        [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 30000)],
    )
    def test_each_connection_is_durable_and_strict(self, sqlite_store: Store, pragma: str, value: object) -> None:
        with sqlite_store.tx() as one, sqlite_store.read() as two:
            for tx in (one, two):
                assert tx.one(sa.text(f"PRAGMA {pragma}")) == (value,)

    def test_nobody_else_reads_the_file_or_its_log(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path / 'new.sqlite'}"
        migrate.upgrade(url)
        store = Store(url)
        with store.tx() as tx:
            put(tx, "a")
        assert {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {
            "new.sqlite": 0o600,
            "new.sqlite-wal": 0o600,
            "new.sqlite-shm": 0o600,
        }
        store.close()

    def test_a_busy_file_is_contention(self, sqlite_store: Store) -> None:
        file = sqlite_store.engine.url.database
        assert file is not None
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with sqlite_store.read() as tx:  # the one connection in the pool waits no longer
            tx.rows(sa.text("PRAGMA busy_timeout=0"))
        with pytest.raises(errors.Contention), sqlite_store.tx() as tx:
            put(tx, "a")
        other.close()

    def test_a_file_that_cannot_be_opened_is_unavailable(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = Store(f"sqlite:///{tmp_path / 'no' / 'folder' / 'x.sqlite'}")
        with pytest.raises(errors.DatabaseUnavailable), store.tx() as tx:
            put(tx, "a")
        with pytest.raises(errors.DatabaseUnavailable), store.read() as tx:
            tx.rows(sa.select(PROJECT.c.id))
        assert "unable to open database file" in caplog.text, "operators see why"
        store.close()

    def test_a_writer_that_never_ends_is_not_waited_for_for_ever(
        self, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("controller.db.engine.PATIENCE", 0.01)
        with sqlite_store.tx(), pytest.raises(errors.Contention), sqlite_store.tx() as tx:
            put(tx, "a")
        with sqlite_store.tx() as tx:
            put(tx, "a")


class TestPostgreSQL:
    def test_a_session_is_in_utc_and_waits_with_bounds(self, shared: Store) -> None:
        with shared.tx() as tx:
            shown = {
                name: tx.one(sa.text(f"SHOW {name}"))
                for name in ("timezone", "lock_timeout", "statement_timeout", "fsync", "synchronous_commit")
            }
        assert shown == {
            "timezone": ("UTC",),
            "lock_timeout": ("10s",),
            "statement_timeout": ("1min",),
            "fsync": ("on",),
            "synchronous_commit": ("on",),
        }

    def test_a_reader_cannot_write(self, shared: Store) -> None:
        with pytest.raises(sa.exc.InternalError, match="read-only"), shared.read() as tx:
            put(tx, "a")

    def test_nul_is_refused(self, shared: Store) -> None:
        with pytest.raises(errors.BadRequest, match="cannot be kept"), shared.tx() as tx:
            put(tx, "a\0b")

    def test_one_side_of_a_deadlock_is_run_again(self, shared: Store) -> None:
        with shared.tx() as tx:
            put(tx, "a", "b")
        meet = threading.Barrier(2)
        runs: list[str] = []

        def cross(first: str, second: str) -> None:
            def work(tx: Tx) -> None:
                lock(tx, first)
                runs.append(first)
                if len(runs) <= 2:
                    meet.wait(20)
                lock(tx, second)
                tx.put(PROJECT, [{"id": f"{first}{second}", "name": f"{first}{second}"}])

            shared.run(work)

        threads = [threading.Thread(target=cross, args=pair) for pair in ("ab", "ba")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(runs) >= 3, "the loser ran again"
        with shared.read() as tx:
            assert len(tx.rows(sa.select(PROJECT.c.id))) == 4

    def test_a_lock_that_is_not_given_is_contention(self, shared: Store) -> None:
        with shared.tx() as tx:
            put(tx, "a")
        with shared.tx() as holder:
            lock(holder, "a")
            with shared.engine.connect() as impatient:
                impatient.exec_driver_sql("SET lock_timeout = '10ms'")
                with pytest.raises(errors.Contention), dialect.away():
                    lock(Tx(impatient), "a")

    def test_locked_rows_can_be_passed_over(self, shared: Store) -> None:
        with shared.tx() as tx:
            put(tx, "a", "b")
        with shared.tx() as holder:
            lock(holder, "a")
            with shared.tx() as tx:
                assert tx.rows(dialect.skip_locked(sa.select(PROJECT.c.id))) == [("b",)]

    def test_a_mistake_in_a_statement_is_not_hidden(self, shared: Store) -> None:
        with pytest.raises(sa.exc.ProgrammingError), shared.tx() as tx:
            tx.rows(sa.text("SELECT nonsense"))

    def test_all_connections_taken_is_unavailable(self, shared: Store) -> None:
        small = Store(shared.engine.url.render_as_string(hide_password=False), pool=1)
        small.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
        with small.read(), small.read(), pytest.raises(errors.DatabaseUnavailable), small.tx() as tx:
            put(tx, "a")
        small.close()


@pytest.fixture(scope="module")
def mortal() -> Iterator[PostgreSQL]:
    """A PostgreSQL that tests may kill."""
    with running() as server:
        yield server


@pytest.fixture
def mortal_store(mortal: PostgreSQL) -> Iterator[Store]:
    url = mortal.url(mortal.create())
    migrate.upgrade(url)
    store = Store(url)
    yield store
    store.close()


class TestDeath:
    @pytest.mark.parametrize("death", ["stop", "kill9"])
    def test_it_is_unavailable_while_away_and_keeps_what_was_committed(
        self, mortal: PostgreSQL, mortal_store: Store, death: str
    ) -> None:
        with mortal_store.tx() as tx:
            put(tx, "kept")
        getattr(mortal, death)()
        with pytest.raises(errors.DatabaseUnavailable), mortal_store.tx() as tx:
            put(tx, "lost")
        with pytest.raises(errors.DatabaseUnavailable), mortal_store.read() as tx:
            tx.rows(sa.select(PROJECT.c.id))
        mortal.restart()
        with mortal_store.read() as tx:
            assert tx.rows(sa.select(PROJECT.c.id)) == [("kept",)]

    def test_a_connection_that_rested_is_tried_before_it_is_used(
        self, mortal: PostgreSQL, mortal_store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with mortal_store.tx() as tx:
            put(tx, "kept")
        mortal.restart()
        monkeypatch.setattr(dialect, "RESTED", 0.0)
        with mortal_store.read() as tx:
            assert tx.rows(sa.select(PROJECT.c.id)) == [("kept",)]

    def test_a_death_in_mid_transaction_is_unavailable(self, mortal: PostgreSQL, mortal_store: Store) -> None:
        with pytest.raises(errors.DatabaseUnavailable), mortal_store.tx() as tx:
            die_between_writes(mortal, tx)
        mortal.restart()
        with mortal_store.read() as tx:
            assert tx.rows(sa.select(PROJECT.c.id)) == []

    def test_a_death_before_the_commit_is_answered_is_unavailable(
        self, mortal: PostgreSQL, mortal_store: Store
    ) -> None:
        with pytest.raises(errors.DatabaseUnavailable), mortal_store.tx() as tx:
            die_before_the_commit(mortal, tx)
        mortal.restart()
        with mortal_store.read() as tx:
            assert tx.rows(sa.select(PROJECT.c.id)) == []


def die_before_the_commit(server: PostgreSQL, tx: Tx) -> None:
    put(tx, "a")
    server.stop()


def die_between_writes(server: PostgreSQL, tx: Tx) -> None:
    put(tx, "a")
    server.stop()
    put(tx, "b")
