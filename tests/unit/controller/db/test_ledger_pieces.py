"""The ledger's finer rows: cells, CPUs for one vCPU each, devices, and what a scheduler reads of them."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from common import errors, wire
from common.clock import ManualClock
from common.settings import Scheduler
from controller.db import hosts, ledger, tables
from controller.db.engine import Store, Tx
from controller.db.ledger import WHOLE, Claim, Cpu, Held, Stock
from controller.scheduler.terms import CellStock, DeviceStock
from controller.scheduler.views import view
from tests.services.clouds import add_host, add_server, inventory

CLOCK = ManualClock()
RATIOS = Scheduler(cpu_ratio=2.0, ram_ratio=1.5)
NIC = wire.PciDevice(address="0000:03:00.0", vendor="0x8086", product="0x1521", name="I350", cell=1)
CARD = wire.PciDevice(address="0000:04:00.0", vendor="10de", product="20b0")
CELLS = (
    wire.Cell(id=0, cpus=(0, 1, 4, 5), memory_mib=4096, siblings=((0, 4), (1, 5)), dedicated=(1, 5)),
    wire.Cell(
        id=1, cpus=(2, 3), memory_mib=3000, socket=1, siblings=((2,), (3,)), dedicated=(2, 3), pages={"2048": 100}
    ),
)
PINNED = Claim(
    "s",
    "h",
    {(WHOLE, "PCPU"): 2, (WHOLE, "VCPU"): 1, (1, "PCPU"): 2, (1, "PAGES_2048K"): 60},
    cpus=(2, 3),
    devices=(NIC.address,),
)


def report(tx: Tx, *cells: wire.Cell, pci: tuple[wire.PciDevice, ...] = (NIC, CARD)) -> None:
    has = inventory(cells=cells or CELLS, pci=pci, traits=("HW_CPU_X86_AVX2",), overhead_mib=64)
    tx.change(tables.host, [{"id": "h", "inventory": {"overhead_mib": 64, "cells": [{"id": 1, "socket": 1}]}}])
    ledger.apply_inventory(tx, "h", has, RATIOS, devices=["pci:8086:1521"])


def scene(tx: Tx) -> None:
    add_host(tx, CLOCK, "h")
    add_server(tx, CLOCK, "s")
    add_server(tx, CLOCK, "t")
    report(tx)


def generation(tx: Tx) -> int:
    return ledger.news(tx).hosts["h"][0]


def closed(tx: Tx) -> str:
    return ledger.shelves(tx, ["h"])[0].closed


def test_a_report_of_cells_becomes_rows(store: Store) -> None:
    with store.tx() as tx:
        scene(tx)
        (shelf,) = ledger.shelves(tx, ["h", "nobody"])
    assert shelf.stocks[WHOLE, "VCPU"] == Stock(4, 0, 8, ratio=2.0), "what guests share is what is not dedicated"
    assert shelf.stocks[WHOLE, "PCPU"] == Stock(4, 0, 4)
    assert shelf.stocks[1, "PAGES_2048K"] == Stock(100, 0, 100)
    assert shelf.stocks[0, "MEMORY_MB"] == Stock(4096, 0, 4096)
    assert (0, "PAGES_2048K") not in shelf.stocks
    assert [held.piece for held in shelf.cpus] == [Cpu(1, 0, 1), Cpu(2, 1, 2), Cpu(3, 1, 3), Cpu(5, 0, 1)]
    assert [held.piece.address for held in shelf.devices] == [NIC.address], "of no class that servers may have"


def test_the_same_report_again_changes_nothing(store: Store) -> None:
    with store.tx() as tx:
        scene(tx)
        before = generation(tx)
        report(tx)
        assert generation(tx) == before


def test_a_view_shows_what_is_taken(store: Store) -> None:
    with store.tx() as tx:
        scene(tx)
        ledger.claim(tx, [PINNED], {"h": generation(tx)})
        tx.change(tables.server, [{"id": "s", "host_id": "h"}])
        tx.put(tables.server_group, [{"id": "g", **GROUP}])
        tx.put(tables.server_group_member, [{"group_id": "g", "server_id": "s"}])
        tx.put(tables.aggregate, [{"id": 1, "uuid": "a", "name": "a", "created_at": CLOCK.now(), "updated_at": None}])
        tx.put(tables.aggregate_host, [{"aggregate_id": 1, "host_id": "h"}])
        seen = view(ledger.shelves(tx, ["h"])[0], CLOCK.now())
        assert ledger.verify(tx) == []
    assert seen.cells[0] == CellStock(id=0, cores=((1, 5),), memory_mib=4096)
    assert seen.cells[1] == CellStock(
        id=1,
        socket=1,
        cores=((2,), (3,)),
        taken=frozenset({2, 3}),
        memory_mib=3000,
        pages={2048: 100},
        pages_used={2048: 60},
    )
    assert seen.devices == (DeviceStock(address=NIC.address, device_class="pci:8086:1521", cell=1, server="s"),)
    assert (seen.groups, seen.aggregates, seen.servers, seen.busy) == ({"g": 1}, {"a"}, 1, 1)
    assert (seen.memory_ratio, seen.overhead_mib, seen.shut) == (1.5, 64, "")


GROUP = {"project_id": "p", "user_id": "u", "name": "g", "policy": "affinity", "created_at": CLOCK.now()}


@pytest.mark.parametrize(
    ("changed", "shut"),
    [
        ({"enabled": False, "closed": "c"}, "disabled: no reason given"),
        ({"enabled": False, "disabled_reason": "repair"}, "disabled: repair"),
        ({"closed": "fenced"}, "closed: fenced"),
        ({"state": "down"}, "not up: its agent is down, lease to "),
        ({"lease_until": CLOCK.now()}, "not up: its agent is up, lease to "),
    ],
)
def test_a_view_says_why_a_host_is_shut(store: Store, changed: dict[str, object], shut: str) -> None:
    with store.tx() as tx:
        add_host(tx, CLOCK, "h", **changed)
        assert view(ledger.shelves(tx, ["h"])[0], CLOCK.now()).shut.startswith(shut)


@pytest.mark.parametrize("piece", [{"cpus": (2,)}, {"cpus": (9,)}, {"devices": (NIC.address,)}, {"devices": ("0:0",)}])
def test_a_piece_is_had_once_only(store: Store, piece: dict[str, tuple[int | str, ...]]) -> None:
    with store.tx() as tx:
        scene(tx)
        ledger.claim(tx, [PINNED], {"h": generation(tx)})
    other = Claim("t", "h", {(WHOLE, "PCPU"): 1})._replace(**piece)  # type: ignore[arg-type]
    with pytest.raises(errors.Conflict, match="CPU or device"), store.tx() as tx:
        ledger.claim(tx, [other], {"h": generation(tx)})


def test_what_is_given_back_is_nobodys(store: Store) -> None:
    with store.tx() as tx:
        scene(tx)
        ledger.claim(tx, [PINNED], {"h": generation(tx)})
        ledger.release(tx, ["s"])
        (shelf,) = ledger.shelves(tx, ["h"])
        assert {held.server for held in (*shelf.cpus, *shelf.devices)} == {None}
        assert {stock.used for stock in shelf.stocks.values()} == {0}
        ledger.claim(tx, [PINNED._replace(server="t")], {"h": generation(tx)})
        assert ledger.verify(tx) == []


def test_what_vanished_while_it_is_had_closes_the_host(store: Store) -> None:
    with store.tx() as tx:
        scene(tx)
        ledger.claim(tx, [PINNED], {"h": generation(tx)})
        report(tx, CELLS[0], pci=())
        assert closed(tx) == (
            f"short of 60 units of PAGES_2048K in cell 1, 2 CPUs of PCPU in cell 1, CPU 2, CPU 3, device {NIC.address}"
        )
        assert ledger.verify(tx) == []
        seen = view(ledger.shelves(tx, ["h"])[0], CLOCK.now())
        assert (seen.cells[1].cores, seen.devices) == ((), ())
        ledger.release(tx, ["s"])
        (shelf,) = ledger.shelves(tx, ["h"])
        assert (shelf.closed, shelf.devices, [held.piece.cpu for held in shelf.cpus]) == ("", (), [1, 5])


def test_what_came_back_is_its_servers_still(store: Store) -> None:
    with store.tx() as tx:
        scene(tx)
        ledger.claim(tx, [PINNED], {"h": generation(tx)})
        report(tx, CELLS[0], pci=())
        report(tx)
        (shelf,) = ledger.shelves(tx, ["h"])
        assert shelf.closed == ""
        assert shelf.cpus[1] == Held(Cpu(2, 1, 2), "s", False)


def test_a_class_that_is_kept_keeps_its_rows_and_cpus(store: Store) -> None:
    with store.tx() as tx:
        scene(tx)
        before = ledger.shelves(tx, ["h"])[0]
        more = wire.Cell(id=1, cpus=(2, 3), memory_mib=3000, dedicated=(2, 3, 7), pages={"2048": 100})
        has = inventory(cells=(CELLS[0], more), pci=(NIC,))
        ledger.apply_inventory(tx, "h", has, RATIOS, keep=["PCPU"], devices=["pci:8086:1521"])
        after = ledger.shelves(tx, ["h"])[0]
    assert (after.cpus, after.stocks[WHOLE, "PCPU"]) == (before.cpus, before.stocks[WHOLE, "PCPU"])


def test_verify_tells_of_pieces_that_do_not_agree(store: Store) -> None:
    with store.tx() as tx:
        scene(tx)
        ledger.claim(tx, [PINNED], {"h": generation(tx)})
        tx.change(tables.cpu, [{"host_id": "h", "cpu": 2, "server_id": "t"}], where=("host_id", "cpu"))
        tx.do(sa.update(tables.device).values(server_id="t"))
        assert ledger.verify(tx) == [
            "host h cell -1: server s has 1 CPUs, claimed 2",
            "host h cell 1: server s has 1 CPUs, claimed 2",
            "host h cell -1: server t has 1 CPUs, claimed 0",
            "host h cell 1: server t has 1 CPUs, claimed 0",
            f"host h device {NIC.address}: server t has no claim there",
        ]


def test_news_tell_what_changed_since(store: Store) -> None:
    with store.tx() as tx:
        add_host(tx, CLOCK, "g")
        add_host(tx, CLOCK, "h")
    with store.tx() as tx:
        first = ledger.news(tx)
        assert first.hosts.keys() == {"g", "h"}
        hosts.touch(tx, ["h"])
        later = ledger.news(tx, first.horizon)
        assert later.hosts["h"] == (first.hosts["h"][0] + 1, 1)


def test_a_lease_that_ended_is_told_of(store: Store) -> None:
    with store.tx() as tx:
        add_host(tx, CLOCK, "g", state="down")
        add_host(tx, CLOCK, "h")
        assert ledger.late(tx, CLOCK.now()) == (2, frozenset())
        assert ledger.late(tx, CLOCK.now() + timedelta(seconds=60)) == (2, frozenset({"h"}))
