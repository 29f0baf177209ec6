"""Shards: each controller fills its own hosts, and looks at the others' only where it must."""

from typing import Any

import pytest

from common.clock import ManualClock
from common.ids import time_ordered
from common.settings import Scheduler as Chosen
from controller.db import decisions, ledger, tables
from controller.db.engine import Store
from controller.scheduler.exact import ExactScheduler
from controller.scheduler.score import Policy
from controller.scheduler.sharded import ShardedScheduler, scheduler, shard_of
from controller.scheduler.terms import Ask, Demand, GroupAsk, Together
from tests.services.clouds import add_host, add_server

CLOCK = ManualClock()
HOSTS = {shard: [f"h{n}" for n in range(40) if shard_of(f"h{n}", 2) == shard][:2] for shard in (0, 1)}
SERVERS = [f"s{n}" for n in range(6)]


def ask(server: str, cpus: int = 8, **more: Any) -> Ask:
    return Ask(server, Demand(shared=cpus, memory_mib=512, disk_gib=5), **more)


@pytest.fixture
def scene(store: Store) -> Store:
    with store.tx() as tx:
        for host in sorted(HOSTS[0] + HOSTS[1]):
            add_host(tx, CLOCK, host)
        for server in SERVERS:
            add_server(tx, CLOCK, server)
    return store


def of_shard(*shards: int) -> ShardedScheduler:
    made = ShardedScheduler(CLOCK, time_ordered(CLOCK), Policy(), 2)
    made.own(shards)
    return made


def claim(store: Store, mine: ShardedScheduler, *asks: Ask) -> list[str | None]:
    with store.tx() as tx:
        made = mine.claim(tx, asks)
        tx.change(tables.server, [{"id": one.server, "host_id": one.host} for one in made])
        assert ledger.verify(tx) == []
    return [one.host for one in made]


def test_the_own_shard_is_filled_first_then_the_others(scene: Store) -> None:
    one = of_shard(1)
    first = claim(scene, one, ask("s0"), ask("s1"), ask("s2"))
    assert set(first[:2]) == set(HOSTS[1])
    assert first[2] in HOSTS[0]
    assert claim(scene, one, ask("s0"), ask("s3"), ask("s4")) == [first[0], *set(HOSTS[0]) - {first[2]}, None]
    with scene.read() as tx:
        (record,) = decisions.of_server(tx, "s4")
    assert record.hosts == 4, "all hosts were looked at"


def test_two_writers_see_what_the_other_wrote(scene: Store) -> None:
    one, two = of_shard(0), of_shard(1)
    taken = claim(scene, one, ask("s0"), ask("s1"), ask("s2")) + claim(scene, two, ask("s3"), ask("s4"))
    assert sorted(host for host in taken if host) == sorted(HOSTS[0] + HOSTS[1])
    assert taken[-1] is None


def test_another_shard_means_other_hosts(scene: Store) -> None:
    mine = of_shard(0)
    (first,) = claim(scene, mine, ask("s0"))
    mine.own([1])
    mine.own([1])
    (second,) = claim(scene, mine, ask("s1"))
    assert (first in HOSTS[0], second in HOSTS[1]) == (True, True)


def test_a_group_that_stays_together_does_so_over_shards(scene: Store) -> None:
    with scene.tx() as tx:
        group = {"id": "g", "project_id": "p", "user_id": "u", "name": "g", "policy": "affinity"}
        tx.put(tables.server_group, [{**group, "created_at": CLOCK.now()}])
        tx.put(tables.server_group_member, [{"group_id": "g", "server_id": server} for server in ("s0", "s1")])
    together = GroupAsk("g", Together.AFFINITY)
    (first,) = claim(scene, of_shard(0), ask("s0", cpus=1, group=together))
    assert claim(scene, of_shard(1), ask("s1", cpus=1, group=together)) == [first]


def test_a_rollback_leaves_nothing(scene: Store) -> None:
    mine = of_shard(0)
    with scene.tx() as tx:
        mine.claim(tx, [ask(server) for server in SERVERS])
        tx.connection.rollback()
    mine.reload()
    assert None not in claim(scene, mine, *(ask(server) for server in SERVERS[:4]))
    with scene.tx() as tx:
        mine.release(tx, SERVERS)
        assert ledger.claims(tx, SERVERS) == {}


def test_a_rollback_leaves_nothing_where_the_others_hosts_are_looked_at(scene: Store) -> None:
    mine = of_shard(0)
    with scene.tx() as tx:
        mine.claim(tx, [ask(server) for server in SERVERS[:3]])
        tx.connection.rollback()
    mine.reload()
    apart = GroupAsk("g", Together.SOFT_ANTI_AFFINITY)
    assert None not in claim(scene, mine, *(ask(server, group=apart) for server in SERVERS[:4]))


def test_one_shard_needs_no_division() -> None:
    ids = time_ordered(CLOCK)
    assert isinstance(scheduler(CLOCK, ids, Chosen()), ExactScheduler)
    assert isinstance(scheduler(CLOCK, ids, Chosen(shards=2)), ShardedScheduler)
