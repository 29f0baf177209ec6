"""Durable claims per second: decided, written to PostgreSQL and committed, on 10,000 hosts.

Beside the scheduler two others write to the same tables: a loop over an object per host with a transaction for each
claim; and the rows that the scheduler wrote once more, in the same batches, with no logic at all: the database's own
ceiling. All of them flush each commit to the disk.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa

from bench import hosts, report
from bench.object_loop import Loop
from common.clock import SystemClock
from common.ids import time_ordered
from controller.db import ledger, migrate, tables
from controller.db.engine import Store
from controller.db.ledger import WHOLE, Claim
from controller.scheduler.exact import ExactScheduler
from controller.scheduler.terms import Ask, HostView
from tests.services import postgresql

HOSTS = 10_000
ALONE = 150
"""Claims of the loop."""
BATCH = 128
BATCHES = 80
WARM = 8
"""Batches before the clock begins: the mirror is read, each kind of server is seen once."""
CLOCK = SystemClock()
SAVED = {"host": "generation, changed", "inventory": "used"}
KEYS = {"host": "id", "inventory": "host_id, cell, class"}

Batch = list[tuple[str, Any]]
"""The statements of a transaction that wrote something, with their parameters."""


class Rates(NamedTuple):
    """Claims per second: of the loop, of the scheduler, of the database alone; and the scheduler's median batch."""

    loop: float
    scheduler: float
    ceiling: float
    batch_ms: float


def measure() -> Rates:
    """Measure all three in one run."""
    views = list(hosts.simple(HOSTS))
    asks = hosts.asks(hosts.simple_demands())
    with _database() as (store, url):
        fill(store, views, ALONE + BATCH * (WARM + BATCHES))
        loop = _one_by_one(store, views, list(itertools.islice(asks, ALONE)))
        scheduler = ExactScheduler(CLOCK, time_ordered(CLOCK))
        _batches(store, scheduler, asks, WARM)
        _statement(url, *(f"CREATE TABLE saved_{name} AS TABLE {name}" for name in SAVED), "VACUUM ANALYZE")
        with _written(store) as batches:
            took = _batches(store, scheduler, asks, BATCHES)
        _as_it_was(store, url)
        return Rates(loop, BATCH * BATCHES / sum(took), _again(url, batches), sorted(took)[BATCHES // 2] * 1000)


@contextmanager
def _database() -> Iterator[tuple[Store, str]]:
    with postgresql.running() as server:
        url = server.url(server.create())
        migrate.upgrade(url)
        store = Store(url)
        try:
            yield store, url.replace("+psycopg", "")
        finally:
            store.close()


def fill(store: Store, views: Sequence[HostView], servers: int) -> None:
    """Write hosts, and servers that have none yet: s0, s1…"""
    now = CLOCK.now()
    host = {"epoch": 1, "boot_id": "", "state": "up", "enabled": True, "heard_at": now, "inventory": {}}
    host |= {"features": [], "lease_until": now + timedelta(hours=1), "generation": 1}
    server = {"project_id": "p", "user_id": "u", "name": "s", "state": "BUILD", "power": "on", "generation": 1}
    server |= {"flavor_id": "f", "flavor_name": "f", "guest": {}, "image_id": "i", "config_drive": False}
    server |= {"created_at": now, "updated_at": now}
    stocks = [(view.id, name, stock) for view in views for name, stock in view.stocks.items()]
    with store.tx() as tx:
        tx.put(tables.host, [{"id": view.id, "name": view.name, **host} for view in views])
        tx.put(
            tables.inventory,
            [
                {
                    "host_id": id_,
                    "class": name,
                    "total": stock.capacity,
                    "reserved": 0,
                    "capacity": stock.capacity,
                    "used": stock.used,
                }
                for id_, name, stock in stocks
            ],
        )
        tx.put(tables.server, [{"id": f"s{number}", **server} for number in range(servers)])


def _one_by_one(store: Store, views: Sequence[HostView], asks: Sequence[Ask]) -> float:
    """Let the loop decide, and commit each claim for itself; gives the claims per second."""
    loop, generations = Loop(views), {view.id: view.generation for view in views}
    begun = time.perf_counter()
    for ask in asks:
        found = loop.decide(ask)
        if found:
            demand, host = ask.demand, found[0].id
            amounts = {"VCPU": demand.shared, "MEMORY_MB": demand.memory_mib, "DISK_GB": demand.disk_gib}
            with store.tx() as tx:
                whole = {(WHOLE, name): amount for name, amount in amounts.items()}
                ledger.claim(tx, [Claim(ask.server, host, whole)], generations)
            generations[host] += 1
    return len(asks) / (time.perf_counter() - begun)


def _batches(store: Store, scheduler: ExactScheduler, asks: Iterator[Ask], count: int) -> list[float]:
    """Have batches claimed and committed; gives the seconds of each."""
    took = []
    for _ in range(count):
        some = list(itertools.islice(asks, BATCH))
        begun = time.perf_counter()
        with store.tx() as tx:
            made = scheduler.claim(tx, some)
        took.append(time.perf_counter() - begun)
        if not all(one.host for one in made):
            raise RuntimeError("the fleet is full: nothing is measured that way")
    return took


@contextmanager
def _written(store: Store) -> Iterator[list[Batch]]:
    """Remember what transactions write."""
    batches: list[Batch] = [[]]

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.lstrip().startswith("SELECT"):
            batches[-1].append((statement, parameters))

    def end(_connection: Any) -> None:
        batches.append([])

    sa.event.listen(store.engine, "before_cursor_execute", note)
    sa.event.listen(store.engine, "commit", end)
    yield batches
    sa.event.remove(store.engine, "before_cursor_execute", note)
    sa.event.remove(store.engine, "commit", end)


def _as_it_was(store: Store, url: str) -> None:
    """Take back what was written since the tables were saved."""
    _statement(
        url,
        f"DELETE FROM allocation WHERE substr(consumer, 2)::int >= {ALONE + BATCH * WARM}",
        f"DELETE FROM decision WHERE substr(server_id, 2)::int >= {ALONE + BATCH * WARM}",
        *(
            f"UPDATE {name} SET ({columns}) = (SELECT {columns} FROM saved_{name} s WHERE ({_of('s', name)}) = "
            f"({_of(name, name)})) WHERE EXISTS (SELECT 1 FROM saved_{name} s WHERE ({_of('s', name)}) = "
            f"({_of(name, name)}))"
            for name, columns in SAVED.items()
        ),
        "VACUUM ANALYZE",
    )


def _of(table: str, name: str) -> str:
    return ", ".join(f"{table}.{key.strip()}" for key in KEYS[name].split(","))


def _statement(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _again(url: str, batches: Sequence[Batch]) -> float:
    """Write the same batches with nothing beside; gives the claims per second."""
    with psycopg.connect(url) as connection:
        begun = time.perf_counter()
        for batch in filter(None, batches):
            for statement, parameters in batch:
                connection.execute(statement, parameters)
            connection.commit()
        return BATCH * BATCHES / (time.perf_counter() - begun)


def table(rates: Rates) -> tuple[dict[str, list[report.Value]], dict[str, report.Value]]:
    """Give the rows of a table, a column, and the facts."""
    ratio, share = rates.scheduler / rates.loop, rates.scheduler / rates.ceiling
    rows: dict[str, list[report.Value]] = {
        "claims/s": [rates.scheduler],
        f"p50 of a batch of {BATCH}, ms": [rates.batch_ms],
        "claims/s of the loop, a transaction each": [rates.loop],
        "times faster than the loop": [ratio],
        "claims/s of the same rows alone": [rates.ceiling],
        "share of that": [share],
    }
    facts: dict[str, report.Value] = {
        "claims_per_second": round(rates.scheduler),
        "claims_ratio": round(ratio, 1),
        "claims_share_of_ceiling": round(share, 3),
    }
    return rows, facts
