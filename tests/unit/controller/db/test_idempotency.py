"""Keys: reserved first, answered for a day, and one transaction at a time."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from common import errors
from common.clock import ManualClock
from controller.db import idempotency, tables
from controller.db.engine import Store, Tx
from controller.db.idempotency import Kept

NOW = ManualClock().now()
KEY = ("p", "k")


def use(store: Store, answer: str = "answer") -> dict[tuple[str, str], Kept]:
    with store.tx() as tx:
        found = idempotency.reserve(tx, {KEY: "digest"}, NOW)
        if not found:
            idempotency.answer(tx, {KEY: answer})
    return found


def test_the_first_answer_stays(store: Store) -> None:
    assert use(store, "first") == {}
    assert use(store, "second") == {KEY: Kept("digest", "first")}


def test_nothing_is_reserved_for_nothing(store: Store) -> None:
    with store.tx() as tx:
        assert idempotency.reserve(tx, {}, NOW) == {}


def test_only_what_was_used_comes_back(store: Store) -> None:
    use(store)
    with store.tx() as tx:
        found = idempotency.reserve(tx, {("q", "k"): "x", KEY: "digest", ("p", "j"): "y"}, NOW)
    assert list(found) == [KEY]


def test_a_key_that_was_let_go_is_free(store: Store) -> None:
    with store.tx() as tx:
        idempotency.reserve(tx, {KEY: "digest"}, NOW)
        idempotency.let_go(tx, [KEY])
        assert idempotency.reserve(tx, {KEY: "other"}, NOW) == {}


def test_a_day_later_it_is_free(store: Store) -> None:
    use(store)
    with store.tx() as tx:
        assert KEY in idempotency.reserve(tx, {KEY: "x"}, NOW + timedelta(hours=23, minutes=59))
        assert idempotency.reserve(tx, {KEY: "x"}, NOW + timedelta(hours=24)) == {}


def test_a_second_transaction_waits_for_the_first_ones_answer(store: Store) -> None:
    reserved = threading.Event()
    found: list[dict[tuple[str, str], Kept]] = []

    def second() -> None:
        reserved.wait(20)
        found.append(use(store, "second"))

    thread = threading.Thread(target=second)
    thread.start()
    with store.tx() as tx:
        idempotency.reserve(tx, {KEY: "digest"}, NOW)
        reserved.set()
        thread.join(0.2)
        assert thread.is_alive(), "it waits"
        idempotency.answer(tx, {KEY: "first"})
    thread.join()
    assert found == [{KEY: Kept("digest", "first")}]


def test_a_key_that_vanishes_is_contention(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    use(sqlite_store)
    real = Tx.ensure

    def raced(tx: Tx, table: sa.Table, rows: list[dict[str, object]]) -> set[tuple[object, ...]]:
        added = real(tx, table, rows)
        tx.do(sa.delete(tables.idempotency))
        return added

    monkeypatch.setattr(Tx, "ensure", raced)
    with pytest.raises(errors.Contention):
        use(sqlite_store)
