"""Schedulers that share a fleet and are killed: nothing half, nothing twice, no host overfilled.

    make shards [SERVERS=n] [JSON=1]

Eight shards of 10,000 empty hosts on PostgreSQL; sixteen processes, so that each shard's writer has a standby. They
take servers off one table, decide and claim, and one after another is killed with `kill -9` and begun again, until all
servers have a host. Then the ledger is audited, and the hosts in use are compared with those that one scheduler uses.
"""

import itertools
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from msgspec.structs import replace

from bench import claims, hosts, report
from common import errors
from common.clock import SystemClock
from common.ids import time_ordered
from common.model.controller import Controller as Row
from common.settings import Controller, Scheduler, Settings
from controller.db import controllers, dialect, ledger, migrate, tables
from controller.db.engine import Store
from controller.scheduler import sharded
from controller.scheduler.fleet import Fleet
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, HostView, Stock
from controller.workflow.tenure import Tenure
from controller.workflow.world import World
from tests.services import postgresql

SHARDS = 8
PROCESSES = 2 * SHARDS
SERVERS = int(os.environ.get("SERVERS", "30000"))
BATCH = 32
KILL_SECONDS = 0.7
PATIENCE = 300.0
CHOSEN = Settings(scheduler=Scheduler(shards=SHARDS), controller=Controller(scheduler_lease_seconds=3.0, batch=BATCH))
CLOCK = SystemClock()
SEED = 7
_c = tables.server.c
_WAITING = dialect.skip_locked(sa.select(_c.id).where(_c.host_id.is_(None)).order_by(_c.id).limit(BATCH))
_LEFT = sa.select(sa.func.count()).where(_c.host_id.is_(None))


class Outcome(NamedTuple):
    """What was seen: kills, batches, batches decided again, faults of the ledger, hosts in use, seconds."""

    kills: int
    batches: int
    again: int
    faults: list[str]
    used: int
    seconds: float


def views() -> list[HostView]:
    """Give empty hosts."""
    return [
        replace(view, servers=0, stocks={name: Stock(stock.capacity) for name, stock in view.stocks.items()})
        for view in hosts.simple(claims.HOSTS)
    ]


def asks() -> dict[str, Ask]:
    """Give what each server asks for."""
    return {ask.server: ask for ask in itertools.islice(hosts.asks(hosts.simple_demands()), SERVERS)}


def schedule(url: str, name: str, log: Path) -> None:
    """Be one of the processes: hold what leases there are to be had, and place what waits."""
    ids, wanted, store = time_ordered(CLOCK), asks(), Store(url, pool=2)
    world = World(CLOCK, ids, CHOSEN, sharded.scheduler(CLOCK, ids, CHOSEN.scheduler))
    tenure = Tenure(store, world, f"{name}/{os.getpid()}")
    kept = 0.0
    with log.open("ab", buffering=0) as told:
        while True:
            if time.monotonic() - kept > CHOSEN.controller.scheduler_lease_seconds / 6:
                kept = time.monotonic()
                with store.tx() as tx:
                    now = CLOCK.now()
                    controllers.write(tx, Row(name=name, url="", version="", started_at=now, seen_at=now))
                with suppress(errors.Contention):
                    tenure.turn()
            if not tenure.holds("scheduler"):
                time.sleep(0.1)
                continue
            try:
                told.write(b"." if place(store, world, wanted) else b"")
            except (errors.Conflict, errors.Contention):
                world.scheduler.reload()
                told.write(b"!")


def place(store: Store, world: World, wanted: dict[str, Ask]) -> int:
    """Place a batch of what waits; says how many that were."""
    with store.tx() as tx:
        waiting = [wanted[id_] for (id_,) in tx.rows(_WAITING)]
        made = world.scheduler.claim(tx, waiting) if waiting else []
        tx.change(tables.server, [{"id": one.server, "host_id": one.host} for one in made])
    return len(waiting)


def begin(work: Callable[[], None]) -> int:
    """Run something in a process of its own."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(1)
    return pid


def run() -> Outcome:
    """Let them work, kill them, and look at what they left."""
    chance = random.Random(SEED)
    with postgresql.running() as server, tempfile.TemporaryDirectory(prefix="toft-shards-") as folder:
        url = server.url(server.create())
        migrate.upgrade(url)
        store = Store(url)
        claims.fill(store, views(), SERVERS)
        store.close()

        def start(number: int) -> int:
            return begin(lambda: schedule(url, f"c{number}", Path(folder) / f"{number}"))

        pids, kills, begun = [start(number) for number in range(PROCESSES)], 0, time.monotonic()
        try:
            while _left(store):
                if time.monotonic() - begun > PATIENCE:
                    raise TimeoutError(f"{_left(store)} servers have no host")
                _kill(pids[number := chance.randrange(PROCESSES)])
                pids[number], kills = start(number), kills + 1
                time.sleep(KILL_SECONDS * chance.uniform(0.2, 1.8))
            seconds = time.monotonic() - begun
        finally:
            for pid in pids:
                _kill(pid)
        told = b"".join(file.read_bytes() for file in Path(folder).iterdir())
        faults, used = _audit(store)
        store.close()
        return Outcome(kills, told.count(b"."), told.count(b"!"), faults, used, seconds)


def _kill(pid: int) -> None:
    os.kill(pid, 9)
    os.waitpid(pid, 0)


def _left(store: Store) -> int:
    with store.read() as tx:
        ((left,),) = tx.rows(_LEFT)
        return int(left)


def _audit(store: Store) -> tuple[list[str], int]:
    """Give what does not hold, and how many hosts are in use."""
    with store.read() as tx:
        faults = ledger.verify(tx)
        homes = dict(tx.rows(sa.select(_c.id, _c.host_id)))
        claimed = tx.rows(sa.select(tables.allocation.c.consumer, tables.allocation.c.host_id).distinct())
    faults += [f"{server} has a claim on {host}" for server, host in claimed if homes[server] != host]
    faults += [f"{server} has no claim" for server in homes.keys() - {server for server, _ in claimed}]
    return faults, len(set(homes.values()))


def alone() -> int:
    """Give the hosts that one scheduler uses for the same servers."""
    fleet, used = Fleet(Policy()), set()
    fleet.load(views())
    for ask in asks().values():
        place = fleet.decide(ask)
        assert place is not None
        fleet.commit(ask, place)
        used.add(place.host)
    return len(used)


def main() -> None:
    """Prove, and print."""
    seen, single = run(), alone()
    retries = seen.again / max(1, seen.batches + seen.again)
    lost = seen.used / single - 1
    rows: dict[str, list[report.Value]] = {
        "servers placed": [SERVERS],
        "schedulers killed": [seen.kills],
        "faults in the ledger": [len(seen.faults)],
        "batches": [seen.batches],
        "decided again, %": [100 * retries],
        "hosts in use": [seen.used],
        "hosts that one scheduler uses": [single],
        "packing lost to sharding, %": [100 * lost],
        "seconds": [seen.seconds],
    }
    facts: dict[str, report.Value] = {
        "shards_kills": seen.kills,
        "shards_faults": len(seen.faults),
        "shards_retries": round(retries, 4),
        "shards_packing_lost": round(lost, 4),
    }
    report.show(f"{SHARDS} shards, {PROCESSES} processes, {claims.HOSTS:,} hosts", ["measured"], rows, facts)
    for fault in seen.faults[:10]:
        print(fault)
    sys.exit(bool(seen.faults) or retries > 0.01)


if __name__ == "__main__":
    main()
