"""What is kept for a while only goes, and what is still needed stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from common.clock import ManualClock
from common.ids import time_ordered
from common.settings import Settings
from controller.db import ageing, tables
from controller.db.ageing import BATCH, KEPT, Kept
from controller.db.engine import Store, Tx
from controller.scheduler.exact import ExactScheduler
from controller.workflow.ageing import Ageing
from controller.workflow.world import World
from tests.services.clouds import add_host, add_server

KEEP = timedelta(days=90)
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def put(tx: Tx, kept: Kept, at: datetime, **given: Any) -> None:
    """Insert a row that was last of use at that time; ``given`` stands for what else matters of it."""
    made: dict[str, Any] = {}
    for column in kept.since.table.c:
        if not column.nullable:
            made[column.name] = {sa.Text: "x", sa.Integer: 1, sa.JSON: {}}.get(type(column.type), at)
    tx.put(kept.since.table, [made | given | {kept.since.name: at}])


def count(store: Store, kept: Kept) -> int:
    with store.read() as tx:
        return len(tx.rows(kept.since.table.select()))


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.since.table.name)
def test_a_row_is_kept_for_its_time_and_goes_after_it(store: Store, kept: Kept) -> None:
    age = KEEP if kept.age is None else kept.age
    with store.tx() as tx:
        put(tx, kept, NOW)
        assert ageing.prune(tx, NOW + age, KEEP) == 0
    assert count(store, kept) == 1
    with store.tx() as tx:
        assert ageing.prune(tx, NOW + age + timedelta(seconds=1), KEEP) == 1
    assert count(store, kept) == 0


def test_a_workflow_that_lives_is_never_forgotten(store: Store) -> None:
    (kept,) = (kept for kept in KEPT if kept.since.table is tables.workflow)
    with store.tx() as tx:
        put(tx, kept, NOW, state="live")
        assert ageing.prune(tx, NOW + timedelta(days=9999), KEEP) == 0


def left(store: Store, table: sa.Table) -> int:
    with store.read() as tx:
        return len(tx.rows(table.select()))


def bury(tx: Tx, clock: ManualClock, name: str, **changed: Any) -> None:
    """Put a server there that was deleted at the clock's time, with a line of each kind about it."""
    add_server(tx, clock, name)
    tx.change(tables.server, [{"id": name, "state": "DELETED", "deleted_at": clock.now()} | changed])
    for table, column in ((tables.timeline, "subject"), (tables.decision, "server_id"), (tables.inbox, "server_id")):
        kept = next(kept for kept in KEPT if kept.since.table is table)
        put(tx, kept, NOW + timedelta(days=9999), **{"id": f"{table.name} {name}", column: name})


def test_a_server_goes_with_all_that_was_kept_of_it(store: Store) -> None:
    clock = ManualClock()
    with store.tx() as tx:
        bury(tx, clock, "gone")
        bury(tx, clock, "there", state="ACTIVE")
    clock.advance(KEEP.total_seconds() + 1)
    with store.tx() as tx:
        bury(tx, clock, "fresh")
        assert ageing.servers(tx, clock.now() - KEEP) == 1
    with store.read() as tx:
        assert {row[0] for row in tx.rows(sa.select(tables.server.c.id))} == {"there", "fresh"}
    assert [left(store, t) for t in (tables.timeline, tables.decision, tables.inbox)] == [2, 2, 2]


def test_a_server_that_may_still_be_on_its_host_stays(store: Store) -> None:
    clock = ManualClock()
    (work,) = (kept for kept in KEPT if kept.since.table is tables.workflow)
    with store.tx() as tx:
        add_host(tx, clock, "h")
        bury(tx, clock, "claimed")
        bury(tx, clock, "leaving")
        tx.put(
            tables.allocation,
            [{"consumer": "claimed", "host_id": "h", "cell": -1, "class": "VCPU", "amount": 1}],
        )
        put(tx, work, NOW, subject="leaving", state="live")
        assert ageing.servers(tx, clock.now() + KEEP) == 0


def test_an_image_goes_when_nothing_names_it(store: Store) -> None:
    clock = ManualClock()
    row = {"project_id": "p", "status": "deleted", "visibility": "private"}
    times = {"created_at": clock.now(), "updated_at": clock.now()}
    with store.tx() as tx:
        tx.put(tables.image, [{"id": name, **row, **times} for name in ("i", "free", "filed")])
        tx.put(tables.image_copy, [{"image_id": "filed", "controller": "c", "digest": "d"}])
        add_server(tx, clock, "s")  # of image i
        assert ageing.images(tx, clock.now()) == 0
        assert ageing.images(tx, clock.now() + timedelta(seconds=1)) == 1
        assert {row[0] for row in tx.rows(sa.select(tables.image.c.id))} == {"i", "filed"}


def test_a_turn_forgets_a_batch_and_says_whether_more_is_there(sqlite_store: Store) -> None:
    clock = ManualClock()
    kept = KEPT[0]
    with sqlite_store.tx() as tx:
        for number in range(BATCH + 1):
            put(tx, kept, clock.now(), id=f"e{number}")
    clock.advance(3 * 86400)
    ids = time_ordered(clock)
    turn = Ageing(sqlite_store, World(clock, ids, Settings(), ExactScheduler(clock, ids))).turn
    assert (turn(), count(sqlite_store, kept)) == (True, 1)
    assert (turn(), count(sqlite_store, kept)) == (False, 0)
