"""The scheduler on its ledger: what it claims, what it notices, and that it never overfills."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from common import errors, wire
from common.clock import ManualClock
from common.ids import time_ordered
from common.model.host import HostState
from common.settings import Scheduler as Ratios
from controller.db import decisions, hosts, ledger, tables
from controller.db.engine import Store, Tx
from controller.scheduler.contract import Decision
from controller.scheduler.exact import ExactScheduler
from controller.scheduler.terms import Ask, CellDemand, Demand, DeviceDemand, Near, Place
from tests.services.clouds import add_host, add_server, inventory
from tests.services.stores import Stores

CLOCK = ManualClock()
SMALL = {"VCPU": 1, "MEMORY_MB": 512, "DISK_GB": 5}


def ask(server: str, cpus: int = 1, memory: int = 512, disk: int = 5, **more: Any) -> Ask:
    return Ask(server, Demand(shared=cpus, memory_mib=memory, disk_gib=disk, **more))


def scheduler() -> ExactScheduler:
    return ExactScheduler(CLOCK, time_ordered(CLOCK))


def place(tx: Tx, made: Sequence[Decision]) -> Sequence[Decision]:
    """Write the servers' hosts, as the caller of a scheduler does."""
    tx.change(tables.server, [{"id": one.server, "host_id": one.host} for one in made])
    return made


def scene(store: Store, having: dict[str, dict[str, Any]], servers: Sequence[str] = ("s", "t", "u")) -> None:
    with store.tx() as tx:
        for name, changed in having.items():
            add_host(tx, CLOCK, name, **changed)
        for name in servers:
            add_server(tx, CLOCK, name)


def claim(store: Store, *asks: Ask) -> list[Decision]:
    with store.tx() as tx:
        made = place(tx, scheduler().claim(tx, asks))
        assert ledger.verify(tx) == []
    return list(made)


def test_a_claim_is_written_with_its_host_and_its_record(store: Store) -> None:
    scene(store, {"h1": {"has": inventory(overhead_mib=64)}})
    assert claim(store, ask("s")) == [Decision("s", "h1", "best of 1 that fit among 1", Place(host="h1"))]
    with store.read() as tx:
        assert {name: stock.used for name, stock in ledger.stocks(tx)["h1"].items()} == SMALL | {"MEMORY_MB": 576}
        assert tx.one(sa.select(tables.host.c.generation)) == (3,)
        (record,) = decisions.of_server(tx, "s")
    assert (record.host_id, record.hosts, record.fallen, record.at) == ("h1", 1, (), CLOCK.now())


def test_a_batch_sees_its_own_claims(store: Store) -> None:
    scene(store, {"h1": {}, "h2": {}})
    made = claim(store, ask("s", memory=5000), ask("t", memory=5000), ask("u", memory=5000))
    assert {decision.host for decision in made[:2]} == {"h1", "h2"}
    assert made[2].host is None
    assert made[2].reason.startswith("No valid host: 2 hosts; 2 lack memory")


def test_a_claim_that_is_there_is_kept(store: Store) -> None:
    scene(store, {"h1": {}, "h2": {}})
    (first,) = claim(store, ask("s"))
    again, other = claim(store, ask("s", cpus=99), ask("t"))
    assert again == Decision("s", first.host, "it has its claim already")
    assert other.host in ("h1", "h2")
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


CELLS = (
    wire.Cell(id=0, cpus=(0, 1), memory_mib=4096, siblings=((0, 1),)),
    wire.Cell(id=1, cpus=(2, 3, 4, 5), memory_mib=4096, siblings=((2, 3), (4, 5)), dedicated=(2, 3, 4, 5)),
)
PINNED = {
    "dedicated": 2,
    "cells": (CellDemand(shared=0, dedicated=2, memory_mib=512),),
    "devices": (DeviceDemand("pci:8086:1521", near=Near.REQUIRED),),
    "features": frozenset({"dedicated"}),
}


def test_cpus_cells_and_devices_are_claimed_exactly(store: Store) -> None:
    nics = [wire.PciDevice(address=f"0000:0{n}:00.0", vendor="8086", product="1521", cell=n) for n in (0, 1)]
    has = inventory(cells=CELLS, pci=tuple(nics))
    scene(store, {"h1": {"features": ["dedicated"]}})
    with store.tx() as tx:
        ledger.apply_inventory(tx, "h1", has, Ratios(), devices=["pci:8086:1521"])
    first, second = claim(store, ask("s", cpus=0, **PINNED), ask("t", cpus=0, **PINNED))
    assert first.place
    assert (first.place.cells[0].cell, first.place.devices) == (1, ("0000:01:00.0",))
    assert second.host is None, "the other card is in another cell"
    with store.read() as tx:
        (shelf,) = ledger.shelves(tx, ["h1"])
    assert {held.piece.cpu for held in shelf.cpus if held.server == "s"} == set(first.place.cells[0].cpus)
    assert shelf.stocks[1, "MEMORY_MB"].used == 512


def test_huge_pages_are_claimed_as_pages(store: Store) -> None:
    cell = wire.Cell(id=0, cpus=(0, 1), memory_mib=1024, pages={"2048": 512})
    scene(store, {"h1": {"has": inventory(cells=(cell,))}})
    wanted = {"page_kib": 2048, "cells": (CellDemand(shared=1, dedicated=0, memory_mib=513),)}
    claim(store, ask("s", memory=513, **wanted))
    with store.read() as tx:
        rows = ledger.shelves(tx, ["h1"])[0].stocks
    assert (rows[0, "PAGES_2048K"].used, rows[0, "MEMORY_MB"].used, rows[ledger.WHOLE, "MEMORY_MB"].used) == (257, 0, 0)


def test_without_hosts_it_says_so(store: Store) -> None:
    scene(store, {})
    assert claim(store, ask("s"))[0].reason == "No valid host: there are no hosts"


def test_a_ledger_that_changed_meanwhile_is_a_conflict(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    scene(store, {"h1": {}})
    real = ledger.claim

    def raced(tx: Tx, *arguments: Any) -> None:
        hosts.touch(tx, ["h1"])
        real(tx, *arguments)

    monkeypatch.setattr(ledger, "claim", raced)
    exact = scheduler()
    with pytest.raises(errors.Conflict, match="changed"), store.tx() as tx:
        exact.claim(tx, [ask("s")])
    monkeypatch.undo()
    exact.reload()
    with store.tx() as tx:
        assert exact.claim(tx, [ask("s")])[0].host == "h1"


def test_the_mirror_follows_its_own_claims_and_those_of_others(store: Store) -> None:
    scene(store, {"h1": {}, "h2": {"has": inventory(cpus=2)}})
    exact = scheduler()
    with store.tx() as tx:
        assert exact.claim(tx, [ask("s", cpus=6)])[0].host == "h1"
    with store.tx() as tx:
        assert exact.claim(tx, [ask("t", cpus=3)])[0].host is None
        ledger.release(tx, ["s"])
        assert exact.claim(tx, [ask("u", cpus=8)])[0].host == "h1"
        assert ledger.verify(tx) == []


def test_what_did_not_change_is_not_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    scene(store, {"h1": {}, "h2": {}})
    exact, read = scheduler(), []
    real = ledger.shelves

    def spied(tx: Tx, wanted: Collection[str]) -> list[ledger.Shelf]:
        read.append(set(wanted))
        return real(tx, wanted)

    monkeypatch.setattr(ledger, "shelves", spied)
    with store.tx() as tx:
        exact.claim(tx, [ask("s")])
    with store.tx() as tx:
        hosts.touch(tx, ["h2"])
        exact.claim(tx, [ask("t")])
    with store.tx() as tx:
        exact.claim(tx, [ask("u")])
    assert [some for some in read if some] == [{"h1", "h2"}, {"h2"}]


def test_claims_that_were_rolled_back_are_forgotten_by_a_reload(store: Store) -> None:
    scene(store, {"h1": {}})
    exact = scheduler()
    with store.tx() as tx:
        exact.claim(tx, [ask("s", cpus=8)])
        tx.connection.rollback()
    exact.reload()
    with store.tx() as tx:
        assert exact.claim(tx, [ask("t", cpus=8)])[0].host == "h1"
        assert ledger.verify(tx) == []


def test_states_leases_and_removals_are_noticed(store: Store) -> None:
    clock = ManualClock()
    exact = ExactScheduler(clock, time_ordered(clock))

    def goes(server: str, after: float = 0.0) -> str | None:
        clock.advance(after)
        with store.tx() as tx:
            made = exact.claim(tx, [ask(server)])
            ledger.release(tx, [server])
            return made[0].host

    scene(store, {"h1": {}})
    assert goes("s") == "h1"
    assert goes("s", after=61) is None, "its lease has ended"
    with store.tx() as tx:
        hosts.lease(tx, ["h1"], clock.now(), clock.now() + timedelta(seconds=60))
    assert goes("s", after=2) == "h1", "it was heard again"
    with store.tx() as tx:
        hosts.set_state(tx, list(hosts.get(tx, ["h1"]).values()), HostState.DOWN)
    assert goes("s") is None
    with store.tx() as tx:
        hosts.remove(tx, "h1")
        add_host(tx, clock, "h2")
    assert goes("s", after=2) == "h2"
    with store.tx() as tx:
        hosts.remove(tx, "h2")
    assert goes("t", after=2) is None


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
