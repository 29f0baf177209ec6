"""The ledger: exact, never over capacity, and never refusing a report."""

from collections.abc import Iterable

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import errors
from common.clock import ManualClock
from common.settings import Scheduler
from controller.db import ledger, tables
from controller.db.engine import Store, Tx
from controller.db.ledger import WHOLE, Claim, Stock
from tests.services.clouds import add_host, add_server, inventory

CLOCK = ManualClock()
RATIOS = Scheduler(cpu_ratio=2.0, ram_ratio=1.0, disk_ratio=1.5)


def host_row(tx: Tx, host: str = "h") -> tuple[int, str]:
    row = tx.one(sa.select(tables.host.c.generation, tables.host.c.closed).where(tables.host.c.id == host))
    assert row is not None
    return row[0], row[1]


def taking(server: str, host: str, amounts: dict[str, int]) -> Claim:
    return Claim(server, host, {(WHOLE, name): amount for name, amount in amounts.items()})


def scene(store: Store, hosts: Iterable[str] = ("h",), servers: Iterable[str] = ("s", "t")) -> None:
    with store.tx() as tx:
        for host in hosts:
            add_host(tx, CLOCK, host)
        for server in servers:
            add_server(tx, CLOCK, server)


def test_capacity_is_what_is_not_reserved_times_the_ratio(store: Store) -> None:
    with store.tx() as tx:
        add_host(tx, CLOCK, "h", RATIOS, has=inventory(reserved={"VCPU": 1, "MEMORY_MB": 192, "DISK_GB": 200}))
        assert ledger.stocks(tx) == {
            "h": {
                "VCPU": Stock(8, 1, 14, ratio=2.0),
                "MEMORY_MB": Stock(8192, 192, 8000),
                "DISK_GB": Stock(100, 200, 0, ratio=1.5),
            }
        }


def test_the_same_report_again_changes_nothing(store: Store) -> None:
    scene(store)
    with store.tx() as tx:
        before = host_row(tx)
        ledger.apply_inventory(tx, "h", inventory(), Scheduler(cpu_ratio=1.0))
        assert host_row(tx) == before
        ledger.apply_inventory(tx, "h", inventory(cpus=9), Scheduler(cpu_ratio=1.0))
        assert host_row(tx) == (before[0] + 1, "")


def test_a_report_of_an_unknown_host_is_refused(store: Store) -> None:
    with pytest.raises(errors.NotFound, match="nobody"), store.tx() as tx:
        ledger.apply_inventory(tx, "nobody", inventory(), RATIOS)


def test_a_shrunken_host_closes_and_opens_when_it_fits_again(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    scene(store)
    ratios = Scheduler(cpu_ratio=1.0)
    with store.tx() as tx:
        ledger.claim(tx, [taking("s", "h", {"VCPU": 6, "MEMORY_MB": 4096})], {"h": 2})
        ledger.apply_inventory(tx, "h", inventory(cpus=4, memory_mib=4000), ratios)
        assert ledger.stocks(tx)["h"]["VCPU"] == Stock(4, 0, 6, 6, 2)
        assert host_row(tx) == (4, "short of 96 MiB of MEMORY_MB, 2 CPUs of VCPU")
        assert ledger.verify(tx) == []
        ledger.apply_inventory(tx, "h", inventory(cpus=6), ratios)
        assert ledger.stocks(tx)["h"]["VCPU"] == Stock(6, 0, 6, 6, 0)
        assert host_row(tx) == (5, "")
    assert [record.getMessage() for record in caplog.records] == [
        "host h is short of 96 MiB of MEMORY_MB, 2 CPUs of VCPU",
        "host h is open again",
    ]


def test_a_release_opens_a_shrunken_host(store: Store) -> None:
    scene(store)
    with store.tx() as tx:
        ledger.claim(tx, [taking("s", "h", {"VCPU": 3}), taking("t", "h", {"VCPU": 5})], {"h": 2})
        ledger.apply_inventory(tx, "h", inventory(cpus=4), Scheduler(cpu_ratio=1.0))
        ledger.release(tx, ["s"])
        assert ledger.stocks(tx)["h"]["VCPU"] == Stock(4, 0, 5, 5, 1)
        assert host_row(tx)[1] == "short of 1 CPUs of VCPU"
        ledger.release(tx, ["t"])
        assert ledger.stocks(tx)["h"]["VCPU"] == Stock(4, 0, 4, 0, 0)
        assert host_row(tx)[1] == ""


def test_another_reason_to_be_closed_is_left_alone(store: Store) -> None:
    scene(store)
    with store.tx() as tx:
        tx.change(tables.host, [{"id": "h", "closed": "fenced"}])
        ledger.apply_inventory(tx, "h", inventory(cpus=16), RATIOS)
        assert host_row(tx)[1] == "fenced"


def test_claims_and_releases_leave_no_trace(store: Store) -> None:
    scene(store, hosts=("g", "h"))
    with store.tx() as tx:
        ledger.claim(tx, [taking("s", "h", {"VCPU": 2}), taking("t", "g", {"VCPU": 8})], {"g": 2, "h": 2})
    with store.tx() as tx:
        assert ledger.claims(tx, ["s", "t", "u"]) == {"s": "h", "t": "g"}
        assert ledger.verify(tx) == []
        ledger.release(tx, ["s", "t"])
        ledger.release(tx, ["s", "t"])
        assert ledger.claims(tx, ["s", "t"]) == {}
        assert {stock.used for rows in ledger.stocks(tx).values() for stock in rows.values()} == {0}
        assert host_row(tx) == (4, "")


@pytest.mark.parametrize(
    ("amounts", "generation", "says"),
    [
        ({"VCPU": 9}, 2, "inventory"),
        ({"VCPU": 1}, 1, "changed under"),
        ({"PGPU": 1}, 2, "does not have"),
    ],
)
def test_a_claim_that_cannot_be_is_refused_whole(
    store: Store, amounts: dict[str, int], generation: int, says: str
) -> None:
    scene(store)
    with pytest.raises(errors.Conflict, match=says) as caught, store.tx() as tx:
        ledger.claim(tx, [taking("s", "h", amounts)], {"h": generation})
    assert "h" not in caught.value.message.split(), "tenants read it in the timeline, and hosts are not theirs to know"
    with store.read() as tx:
        assert ledger.verify(tx) == []
        assert ledger.claims(tx, ["s"]) == {}


def test_verify_names_what_does_not_hold(store: Store) -> None:
    scene(store)
    with store.tx() as tx:
        ledger.claim(tx, [taking("s", "h", {"VCPU": 2})], {"h": 2})
        tx.do(sa.update(tables.inventory).where(tables.inventory.c["class"] == "VCPU").values(used=3))
        assert ledger.verify(tx) == ["host h cell -1 VCPU: used 3, claimed 2, capacity 8"]


class Rollback(Exception):
    """Ends an example."""


STEP = st.one_of(
    st.tuples(st.just("claim"), st.sampled_from("abcd"), st.integers(1, 6)),
    st.tuples(st.just("release"), st.sampled_from("abcd"), st.just(0)),
    st.tuples(st.just("report"), st.just(""), st.integers(0, 12)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(steps=st.lists(STEP, max_size=12))
def test_any_order_of_claims_releases_and_reports_is_sound(
    sqlite_store: Store, steps: list[tuple[str, str, int]]
) -> None:
    with pytest.raises(Rollback):
        live(sqlite_store, steps)


def live(store: Store, steps: list[tuple[str, str, int]]) -> None:
    """Take the steps on one host, looking at all of it after each, and take all back."""
    claimed: dict[str, int] = {}
    has = 8
    with store.tx() as tx:
        add_host(tx, CLOCK, "h")
        for server in "abcd":
            add_server(tx, CLOCK, server)
        for step, server, amount in steps:
            if step == "report":
                has = amount
                ledger.apply_inventory(tx, "h", inventory(cpus=amount), Scheduler(cpu_ratio=1.0))
            elif step == "release":
                claimed.pop(server, None)
                ledger.release(tx, [server])
            elif server not in claimed and sum(claimed.values()) + amount <= has:
                claimed[server] = amount
                ledger.claim(tx, [taking(server, "h", {"VCPU": amount})], {"h": host_row(tx)[0]})
            used = sum(claimed.values())
            stock = ledger.stocks(tx)["h"]["VCPU"]
            assert (stock.used, stock.capacity, stock.short_by) == (used, max(has, used), max(0, used - has))
            assert bool(host_row(tx)[1]) == (used > has)
            assert ledger.verify(tx) == []
        raise Rollback
