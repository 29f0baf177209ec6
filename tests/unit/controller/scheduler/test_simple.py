"""The simple scheduler: what it picks, what it writes, what it says, and that it never overfills."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import errors
from common.clock import ManualClock
from common.ids import time_ordered
from common.settings import Scheduler as Ratios
from controller.db import decisions, ledger, tables
from controller.db.engine import Store, Tx
from controller.scheduler.contract import Ask, Decision, Scheduler
from controller.scheduler.simple import SimpleScheduler
from tests.services.clouds import add_host, add_server, inventory
from tests.services.stores import Stores

CLOCK = ManualClock()
SMALL = {"VCPU": 1, "MEMORY_MB": 512, "DISK_GB": 5}


def ask(server: str, cpus: int = 1, memory: int = 512, disk: int = 5, features: Sequence[str] = ()) -> Ask:
    return Ask(server, {"VCPU": cpus, "MEMORY_MB": memory, "DISK_GB": disk}, frozenset(features))


def scheduler() -> Scheduler:
    return SimpleScheduler(CLOCK, time_ordered(CLOCK))


def scene(store: Store, hosts: dict[str, dict[str, Any]], servers: Sequence[str] = ("s", "t", "u")) -> None:
    with store.tx() as tx:
        for name, changed in hosts.items():
            add_host(tx, CLOCK, name, **changed)
        for name in servers:
            add_server(tx, CLOCK, name)


def claim(store: Store, *asks: Ask) -> list[Decision]:
    with store.tx() as tx:
        made = scheduler().claim(tx, asks)
        assert ledger.verify(tx) == []
    return made


def test_a_claim_is_written_with_its_host_and_its_record(store: Store) -> None:
    scene(store, {"h1": {"has": inventory(overhead_mib=64)}})
    assert claim(store, ask("s")) == [Decision("s", "h1", "best fit of 1 among 1")]
    with store.read() as tx:
        assert {name: stock.used for name, stock in ledger.stocks(tx)["h1"].items()} == SMALL | {"MEMORY_MB": 576}
        assert tx.one(sa.select(tables.host.c.generation)) == (3,)
        (record,) = decisions.of_server(tx, "s")
    assert (record.host_id, record.hosts, record.fallen, record.at) == ("h1", 1, (), CLOCK.now())
    assert list(record.scores) == ["h1"]


def test_used_hosts_come_first_then_the_tightest_then_the_name(store: Store) -> None:
    scene(store, {"h1": {}, "h2": {"has": inventory(cpus=4)}, "h3": {"has": inventory(cpus=4)}, "h4": {}}, "stuvwx")
    assert claim(store, ask("s"))[0].host == "h2", "the tightest, by name"
    assert claim(store, ask("t", cpus=8))[0].host == "h1", "the first that is big enough"
    assert claim(store, ask("u"), ask("v"))[1].host == "h2", "used before empty"
    assert claim(store, ask("w", cpus=2))[0].host == "h3"


def test_a_batch_sees_its_own_claims(store: Store) -> None:
    scene(store, {"h1": {}, "h2": {}})
    made = claim(store, ask("s", memory=5000), ask("t", memory=5000), ask("u", memory=5000))
    assert [decision.host for decision in made] == ["h1", "h2", None]
    assert made[2].reason == "No valid host: 2 hosts; 2 lack memory (need 5000 MiB, best has 3192)"


def test_a_claim_that_is_there_is_kept(store: Store) -> None:
    scene(store, {"h1": {}, "h2": {}})
    claim(store, ask("s"))
    again, other = claim(store, ask("s", cpus=99), ask("t"))
    assert again == Decision("s", "h1", "it has its claim already")
    assert other.host == "h1"
    with store.read() as tx:
        assert len(decisions.of_server(tx, "s")) == 1


def test_a_released_claim_can_be_made_again(store: Store) -> None:
    scene(store, {"h1": {}})
    claim(store, ask("s", cpus=8))
    assert claim(store, ask("t"))[0].host is None
    with store.tx() as tx:
        scheduler().release(tx, ["s"])
        scheduler().release(tx, ["s"])
    assert claim(store, ask("t"))[0].host == "h1"


def test_no_valid_host_reads_as_promised(store: Store) -> None:
    scene(
        store,
        {
            "h1": {"has": inventory(memory_mib=1864, overhead_mib=64)},
            "h2": {"has": inventory(memory_mib=1000, overhead_mib=64)},
            "h3": {"enabled": False, "disabled_reason": "maintenance"},
        },
    )
    (decision,) = claim(store, ask("s", memory=4096))
    assert decision.host is None
    assert decision.reason == "No valid host: 3 hosts; 2 lack memory (need 4096 MiB, best has 1800), 1 disabled"
    with store.read() as tx:
        (record,) = decisions.of_server(tx, "s")
    assert [(f.filter, f.hosts) for f in record.fallen] == [("enabled", 1), ("memory", 2)]
    assert record.fallen[0].reasons == {"h3": "disabled: maintenance"}
    assert record.fallen[1].reasons["h2"] == "lacks memory: needs 4096 MiB, 936 free"
    assert [near.host for near in record.near] == ["h3", "h1", "h2"]


def test_a_record_names_three_near_misses_at_most(store: Store) -> None:
    scene(store, {f"h{i}": {"has": inventory(cpus=i)} for i in range(1, 7)})
    claim(store, ask("s", cpus=7, disk=500))
    with store.read() as tx:
        (record,) = decisions.of_server(tx, "s")
    assert [near.host for near in record.near] == ["h6", "h5", "h4"]
    assert record.near[0].missing == ("lacks CPU: needs 7 CPUs, 6 free", "lacks disk: needs 500 GiB, 100 free")


def test_without_hosts_it_says_so(store: Store) -> None:
    scene(store, {})
    assert claim(store, ask("s"))[0].reason == "No valid host: there are no hosts"


def test_a_ledger_that_changed_meanwhile_is_a_conflict(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    scene(store, {"h1": {}})
    real = ledger.shelves

    def raced(tx: Tx, hosts: Collection[str]) -> list[ledger.Shelf]:
        seen = real(tx, hosts)
        tx.do(sa.update(tables.host).values(generation=99))
        return seen

    monkeypatch.setattr(ledger, "shelves", raced)
    with pytest.raises(errors.Conflict, match="changed"):
        claim(store, ask("s"))


def test_the_mirror_follows_its_own_claims_and_those_of_others(store: Store) -> None:
    scene(store, {"h1": {}, "h2": {}})
    simple = scheduler()
    with store.tx() as tx:
        assert simple.claim(tx, [ask("s", cpus=6)])[0].host == "h1"
    with store.tx() as tx:
        ledger.apply_inventory(tx, "h2", inventory(cpus=2), Ratios(cpu_ratio=1.0))
        assert simple.claim(tx, [ask("t", cpus=3)])[0].host is None
        ledger.release(tx, ["s"])
        assert simple.claim(tx, [ask("u", cpus=8)])[0].host == "h1"
        assert ledger.verify(tx) == []


def test_claims_that_were_rolled_back_are_forgotten_by_a_reload(store: Store) -> None:
    scene(store, {"h1": {}})
    simple = scheduler()
    with store.tx() as tx:
        simple.claim(tx, [ask("s", cpus=8)])
        tx.connection.rollback()
    simple.reload()
    with store.tx() as tx:
        assert simple.claim(tx, [ask("t", cpus=8)])[0].host == "h1"
        assert ledger.verify(tx) == []


def test_two_kinds_of_servers_in_one_batch_see_the_same_hosts(store: Store) -> None:
    scene(store, {"h1": {}, "h2": {}})
    made = claim(store, ask("s", cpus=6), ask("t", cpus=4), ask("u", cpus=6))
    assert [decision.host for decision in made] == ["h1", "h2", None]
    with store.read() as tx:
        (record,) = decisions.of_server(tx, "u")
    assert [fallen.hosts for fallen in record.fallen] == [2]


class Rollback(Exception):
    """Ends an example."""


SIZES = st.tuples(st.integers(1, 6), st.integers(0, 4096), st.integers(0, 60))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(hosts=st.lists(SIZES, max_size=5), asks=st.lists(SIZES, min_size=1, max_size=6), overhead=st.integers(0, 200))
def test_it_decides_as_brute_force_does(
    sqlite_store: Store, hosts: list[tuple[int, int, int]], asks: list[tuple[int, int, int]], overhead: int
) -> None:
    with pytest.raises(Rollback):
        compare(sqlite_store, hosts, asks, overhead)


def compare(store: Store, hosts: list[tuple[int, int, int]], asks: list[tuple[int, int, int]], overhead: int) -> None:
    """Decide a batch, and do the same by looking at each host for each server in the plainest way."""
    wanted = [ask(f"s{i}", *sizes) for i, sizes in enumerate(asks)]
    free = {f"h{i}": list(sizes) for i, sizes in enumerate(hosts)}
    expected = []
    for sizes in asks:
        need = [sizes[0], sizes[1] + overhead if sizes[1] else 0, sizes[2]]
        fits = [h for h in free if all(a >= b for a, b in zip(free[h], need, strict=True))]
        best = min(fits, key=lambda h: rank(h, free[h], hosts[int(h[1:])], need), default=None)
        if best:
            free[best] = [a - b for a, b in zip(free[best], need, strict=True)]
        expected.append(best)
    with store.tx() as tx:
        for i, (cpus, memory, disk) in enumerate(hosts):
            has = inventory(cpus=cpus, memory_mib=memory, disk_gib=disk, overhead_mib=overhead)
            add_host(tx, CLOCK, f"h{i}", has=has)
        for one in wanted:
            add_server(tx, CLOCK, one.server)
        assert [decision.host for decision in scheduler().claim(tx, wanted)] == expected
        assert ledger.verify(tx) == []
        raise Rollback


def rank(host: str, free: list[int], total: tuple[int, int, int], need: list[int]) -> tuple[bool, float, str]:
    shares = [(f - n) / max(1, t) for f, t, n in zip(free, total, need, strict=True) if n]
    return free == list(total), sum(shares) / len(shares), host


def test_64_claims_at_once_never_pass_the_capacity(stores: Stores, tmp_path: Any) -> None:
    with stores.postgresql(tmp_path) as store:
        names = [f"s{i}" for i in range(64)]
        scene(store, {"h1": {}, "h2": {"has": inventory(cpus=3)}}, names)

        def one(name: str) -> str | None:
            while True:
                try:
                    with store.tx() as tx:
                        return scheduler().claim(tx, [ask(name)])[0].host
                except errors.Conflict:
                    continue

        with ThreadPoolExecutor(16) as pool:
            hosts = list(pool.map(one, names))
        assert (hosts.count("h1"), hosts.count("h2"), hosts.count(None)) == (8, 3, 53)
        with store.read() as tx:
            assert ledger.verify(tx) == []
