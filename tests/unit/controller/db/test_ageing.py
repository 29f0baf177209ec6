"""What is kept for a while only goes, and what is still needed stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from common.clock import ManualClock
from common.ids import time_ordered
from common.settings import Settings
from controller.db import ageing, tables
from controller.db.ageing import KEPT, Kept
from controller.db.engine import Store, Tx
from controller.scheduler.simple import SimpleScheduler
from controller.workflow.ageing import Ageing
from controller.workflow.world import World

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
    with store.tx() as tx:
        put(tx, kept, NOW)
        assert ageing.prune(tx, NOW + kept.age) == 0
    assert count(store, kept) == 1
    with store.tx() as tx:
        assert ageing.prune(tx, NOW + kept.age + timedelta(seconds=1)) == 1
    assert count(store, kept) == 0


def test_a_workflow_that_lives_is_never_forgotten(store: Store) -> None:
    (kept,) = (kept for kept in KEPT if kept.since.table is tables.workflow)
    with store.tx() as tx:
        put(tx, kept, NOW, state="live")
        assert ageing.prune(tx, NOW + timedelta(days=9999)) == 0


def test_a_turn_forgets_by_the_clock(sqlite_store: Store) -> None:
    clock = ManualClock()
    with sqlite_store.tx() as tx:
        put(tx, KEPT[0], clock.now())
    clock.advance(3 * 86400)
    ids = time_ordered(clock)
    world = World(clock, ids, Settings(), SimpleScheduler(clock, ids))
    assert Ageing(sqlite_store, world).turn() is False
    assert count(sqlite_store, KEPT[0]) == 0
