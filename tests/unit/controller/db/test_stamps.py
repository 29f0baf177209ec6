"""Stamps: a reader that looks from its horizon on misses nothing, also of what ended late."""

from pathlib import Path

import sqlalchemy as sa

from common.clock import ManualClock
from controller.db import hosts, tables
from controller.db.engine import Store, Tx
from controller.db.stamps import Horizon
from tests.services.clouds import add_host
from tests.services.stores import Stores

CLOCK = ManualClock()


def horizon(tx: Tx) -> int:
    row = tx.one(sa.select(Horizon()))
    assert row
    return int(row[0])


def news(tx: Tx, since: int) -> set[str]:
    return {id_ for (id_,) in tx.rows(sa.select(tables.host.c.id).where(tables.host.c.changed >= since))}


def test_what_changes_after_the_horizon_is_news(stores: Stores, tmp_path: Path) -> None:
    with stores.postgresql(tmp_path) as store:
        with store.tx() as tx:
            add_host(tx, CLOCK, "g")
            add_host(tx, CLOCK, "h")
        with store.tx() as tx:
            since = horizon(tx)
            assert news(tx, since) == set()
            hosts.touch(tx, ["h"])
            assert news(tx, since) == {"h"}
        with store.tx() as tx:
            assert news(tx, since) == {"h"}
            assert news(tx, horizon(tx)) == set()


def test_a_lease_is_no_news_but_coming_up_is(stores: Stores, tmp_path: Path) -> None:
    with stores.postgresql(tmp_path) as store:
        with store.tx() as tx:
            add_host(tx, CLOCK, "g", state="down")
            add_host(tx, CLOCK, "h")
        with store.tx() as tx:
            since = horizon(tx)
            hosts.lease(tx, ["g", "h"], CLOCK.now(), CLOCK.now())
            assert news(tx, since) == {"g"}


def test_in_sqlite_all_hosts_are_told_each_time(sqlite_store: Store) -> None:
    with sqlite_store.tx() as tx:
        add_host(tx, CLOCK, "h")
        hosts.touch(tx, ["h"])
        assert news(tx, horizon(tx)) == {"h"}


def test_a_change_that_ends_after_a_later_one_is_not_missed(stores: Stores, tmp_path: Path) -> None:
    with stores.postgresql(tmp_path) as store:
        with store.tx() as tx:
            add_host(tx, CLOCK, "g")
            add_host(tx, CLOCK, "h")
        with store.tx() as slow:
            hosts.touch(slow, ["g"])
            with store.tx() as tx:
                hosts.touch(tx, ["h"])
            with store.tx() as tx:
                since = horizon(tx)
        with store.tx() as tx:
            assert news(tx, since) == {"g", "h"}
