"""The store on both databases: verbs, transactions, and what is raised when the database does not play along."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from common import errors
from controller.db import tables
from controller.db.engine import Store, Tx
from tests.services.clouds import add_host
from tests.unit.controller.db.test_ledger import CLOCK

HOSTILE = ["'; DROP TABLE project; --", '"%s" %(x)s ? :x', "\\", "<a>&amp;</a>", "naïve 🐄", "a\nb\tc\x01", "", " "]
PROJECT = tables.project


def names(store: Store) -> list[str]:
    with store.read() as tx:
        return [name for (name,) in tx.rows(sa.select(PROJECT.c.name).order_by(PROJECT.c.id))]


def put(tx: Tx, *ids: str) -> None:
    tx.put(PROJECT, [{"id": i, "name": f"name {i}"} for i in ids])


class TestVerbs:
    def test_put_writes_rows_and_refuses_them_twice(self, store: Store) -> None:
        with store.tx() as tx:
            tx.put(PROJECT, [])
            put(tx, "a", "b")
        assert names(store) == ["name a", "name b"]
        with pytest.raises(errors.Conflict, match="project"), store.tx() as tx:
            put(tx, "c", "b")
        assert names(store) == ["name a", "name b"]

    def test_what_a_refused_row_holds_is_told_to_nobody(self, store: Store, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        row = {"project_id": "hushed", "resource": "cores", "used": 4711, "max": 1}
        for breaking in (lambda tx: tx.put(tables.quota_use, [row]), lambda tx: put(tx, "hushed", "hushed")):
            with pytest.raises(errors.Conflict) as caught, store.tx() as tx:
                breaking(tx)
            shown = [caught.value.message, str(caught.value.__cause__).partition("DETAIL")[0], caplog.text]
            assert not any("hushed" in text or "4711" in text for text in shown)
        assert "refused" in caplog.text, "operators see which rule it was"

    def test_a_mistake_does_not_bring_a_row_into_the_log(self, store: Store) -> None:
        with pytest.raises(sa.exc.StatementError) as caught, store.engine.connect() as connection:
            connection.execute(sa.text("SELECT nonsense FROM project WHERE id = :id").bindparams(id="hushed"))
        assert "hushed" not in str(caught.value)

    def test_ensure_gives_the_keys_of_what_it_added(self, store: Store) -> None:
        row = {"project_id": "p", "resource": "cores", "used": 1, "max": 5}
        with store.tx() as tx:
            assert tx.ensure(tables.quota_use, []) == set()
            assert tx.ensure(tables.quota_use, [row]) == {("p", "cores")}
            assert tx.ensure(tables.quota_use, [row | {"used": 4}, row | {"resource": "ram"}]) == {("p", "ram")}
            assert tx.rows(sa.select(tables.quota_use.c.used)) == [(1,), (1,)]

    def test_change_sets_adds_and_counts_what_it_found(self, store: Store) -> None:
        with store.tx() as tx:
            add_host(tx, CLOCK, "h")
            rows = [{"id": "h", "epoch": 4, "boot_id": "b"}, {"id": "nobody", "epoch": 4, "boot_id": "b"}]
            assert tx.change(tables.host, rows, add=("epoch",)) == 1
            assert tx.one(sa.select(tables.host.c.epoch, tables.host.c.boot_id)) == (5, "b")
            assert tx.change(tables.host, []) == 0
            stale = [{"id": "h", "epoch": 4, "boot_id": "x"}]
            assert tx.change(tables.host, stale, where=("id", "epoch")) == 0

    def test_remove_deletes_what_matches_and_counts_it(self, store: Store) -> None:
        with store.tx() as tx:
            put(tx, "a", "b", "c")
            assert tx.remove(PROJECT, [{"id": "a"}, {"id": "z"}, {"id": "c"}]) == 2
        assert names(store) == ["name b"]

    def test_one_is_a_plain_tuple_or_nothing(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.one(sa.select(PROJECT.c.id)) is None
            row = tx.one(sa.select(sa.literal(1), sa.literal("x")))
        assert type(row) is tuple
        assert row == (1, "x")

    def test_a_savepoint_takes_back_only_its_inside(self, store: Store) -> None:
        with store.tx() as tx:
            put(tx, "a")
            with pytest.raises(errors.Conflict), tx.savepoint():
                tx.put(PROJECT, [{"id": "b", "name": "b"}, {"id": "a", "name": "twice"}])
            with tx.savepoint():
                put(tx, "c")
        assert names(store) == ["name a", "name c"]


BREAKS: list[Callable[[Tx], Any]] = [
    lambda tx: tx.put(tables.grant, [{"user_id": "no", "project_id": "no", "role": "r"}]),
    lambda tx: tx.put(tables.subnet, [subnet("n")]),
    lambda tx: tx.ensure(tables.grant, [{"user_id": "no", "project_id": "no", "role": "r"}]),
    lambda tx: tx.change(tables.inventory, [{"host_id": "h", "used": 10**6}], where=("host_id",)),
    lambda tx: tx.remove(tables.host, [{"id": "h"}]),
    lambda tx: tx.do(sa.delete(tables.host)),
]


def subnet(network: str) -> dict[str, Any]:
    now = CLOCK.now()
    row = {"id": "s", "network_id": network, "project_id": "p", "name": "", "cidr": "", "pools": []}
    return row | {"created_at": now, "updated_at": now}


@pytest.mark.parametrize("breaks", BREAKS)
def test_what_breaks_a_rule_of_its_table_is_a_conflict(store: Store, breaks: Callable[[Tx], Any]) -> None:
    with store.tx() as tx:
        add_host(tx, CLOCK, "h")
    with pytest.raises(errors.Conflict), store.tx() as tx:
        breaks(tx)
    with store.read() as tx:
        assert len(tx.rows(sa.select(tables.inventory.c.used))) == 3


class TestValues:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_text_comes_back_as_it_was(self, store: Store, text: str) -> None:
        with store.tx() as tx:
            tx.put(PROJECT, [{"id": text, "name": text}])
            tx.change(PROJECT, [{"id": text, "description": text}])
            row = tx.one(sa.select(PROJECT.c.name, PROJECT.c.description).where(PROJECT.c.id == text))
        assert row == (text, text)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_text_survives_in_json(self, store: Store, text: str) -> None:
        row = {"id": "d", "server_id": "s", "at": CLOCK.now(), "body": {text: [text, None, 1.5, {"x": text}]}}
        with store.tx() as tx:
            tx.put(tables.decision, [row])
            assert tx.one(sa.select(tables.decision.c.body)) == (row["body"],)

    def test_a_lone_surrogate_is_refused(self, store: Store) -> None:
        with pytest.raises(errors.BadRequest, match="cannot be kept"), store.tx() as tx:
            tx.put(PROJECT, [{"id": "a", "name": "\ud800"}])

    def test_a_number_out_of_range_is_refused(self, store: Store) -> None:
        with pytest.raises(errors.BadRequest, match="cannot be kept"), store.tx() as tx:
            tx.ensure(tables.quota_use, [{"project_id": "p", "resource": "r", "used": 2**70, "max": -1}])

    @pytest.mark.parametrize("at", [datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=5))), CLOCK.now()])
    def test_a_moment_comes_back_in_utc(self, store: Store, at: datetime) -> None:
        with store.tx() as tx:
            tx.put(tables.revocation, [{"audit_id": "a", "expires_at": at}])
            row = tx.one(sa.select(tables.revocation.c.expires_at).where(tables.revocation.c.expires_at <= at))
        assert row == (at,)
        assert row[0].tzinfo is UTC

    def test_moments_are_ordered_as_time_is(self, store: Store) -> None:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        moments = [start + timedelta(microseconds=n) for n in (0, 1, 10**6, 10**6 + 1, 10**9)]
        with store.tx() as tx:
            tx.put(
                tables.revocation,
                [{"audit_id": str(i), "expires_at": at} for i, at in reversed(list(enumerate(moments)))],
            )
            read = tx.rows(sa.select(tables.revocation.c.expires_at).order_by(tables.revocation.c.expires_at))
        assert [at for (at,) in read] == moments

    def test_no_moment_is_none(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.one(sa.select(sa.cast(sa.null(), tables.UtcTime()))) == (None,)


class TestTransactions:
    def test_what_raises_leaves_nothing(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError), store.tx() as tx:
            fail_after_writing(tx)
        assert names(store) == []

    def test_a_reader_changes_nothing_and_sees_one_moment(self, store: Store) -> None:
        with store.read() as reader:
            assert reader.rows(sa.select(PROJECT.c.id)) == []
            with store.tx() as tx:
                put(tx, "a")
            assert reader.rows(sa.select(PROJECT.c.id)) == []
        assert names(store) == ["name a"]

    def test_many_writers_at_once_lose_nothing(self, store: Store) -> None:
        with store.tx() as tx:
            add_host(tx, CLOCK, "h", epoch=0)

        def grow() -> None:
            for _ in range(10):
                with store.tx() as tx:
                    tx.change(tables.host, [{"id": "h", "epoch": 1}], add=("epoch",))

        threads = [threading.Thread(target=grow) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.read() as tx:
            assert tx.one(sa.select(tables.host.c.epoch)) == (60,)

    def test_what_loses_is_run_again_from_the_start(self, store: Store) -> None:
        runs: list[int] = []

        def work(tx: Tx) -> str:
            runs.append(1)
            put(tx, f"run {len(runs)}")
            if len(runs) < 3:
                raise errors.Contention("lost")
            return "done"

        assert store.run(work) == "done"
        assert names(store) == ["name run 3"]

    def test_what_always_loses_is_given_up(self, store: Store) -> None:
        runs: list[int] = []

        def work(_tx: Tx) -> None:
            runs.append(1)
            raise errors.Contention("lost")

        with pytest.raises(errors.Contention):
            store.run(work, tries=3)
        assert len(runs) == 3

    def test_another_failure_is_not_run_again(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError):
            store.run(fail_after_writing)
        assert names(store) == []


def fail_after_writing(tx: Tx) -> None:
    put(tx, "a")
    raise ZeroDivisionError
