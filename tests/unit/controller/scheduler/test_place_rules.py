"""The exact place on one host, rule by rule: threads, cells, pages, devices."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from controller.scheduler import placing, threads
from controller.scheduler.fleet import Fleet
from controller.scheduler.matching import match
from controller.scheduler.score import Policy
from controller.scheduler.terms import (
    Ask,
    CellDemand,
    CellStock,
    Demand,
    DeviceDemand,
    DeviceStock,
    Fall,
    HostView,
    Near,
    Place,
    Threads,
)
from tests.services.views import numa

CORES = ((0, 4), (1, 5), (2, 6), (3,))


def stock(*taken: int) -> CellStock:
    return CellStock(id=0, cores=CORES, taken=frozenset(taken), memory_mib=4096)


def demand(*cells: CellDemand, **more: Any) -> Demand:
    return Demand(
        shared=sum(cell.shared for cell in cells),
        dedicated=sum(cell.dedicated for cell in cells),
        memory_mib=sum(cell.memory_mib for cell in cells),
        disk_gib=0,
        cells=cells,
        **more,
    )


def fleet(*views: HostView) -> Fleet:
    made = Fleet(Policy())
    made.load(views)
    return made


def put(made: Fleet, wanted: Demand, server: str = "s") -> Place | None:
    ask = Ask(server, wanted)
    place = made.decide(ask)
    if place is not None:
        made.commit(ask, place)
    return place


@pytest.mark.parametrize(
    ("wants", "matched"),
    [
        ([], []),
        ([[1], [1]], None),
        ([[1, 2], [1]], [2, 1]),
        ([[1, 2], [1, 3], [1]], [2, 3, 1]),
        ([[2, 1], [1, 2]], [2, 1]),
        ([[]], None),
    ],
)
def test_matching(wants: Sequence[Sequence[int]], matched: list[int] | None) -> None:
    assert match(wants) == matched


@pytest.mark.parametrize(
    ("taken", "counts"), [((), (7, 4, 6)), ((0,), (6, 3, 4)), ((0, 5), (5, 2, 2)), ((3, 4, 5, 6), (3, 0, 0))]
)
def test_cpus_are_counted_by_thread_policy(taken: tuple[int, ...], counts: tuple[int, int, int]) -> None:
    assert threads.free(stock(*taken)) == counts
    assert tuple(threads.most(stock(*taken), policy) for policy in Threads) == counts


@pytest.mark.parametrize(
    ("taken", "policy", "wanted", "cpus", "kept"),
    [
        ((), Threads.PREFER, 4, (0, 4, 1, 5), ()),
        ((), Threads.PREFER, 3, (0, 4, 3), ()),
        ((0,), Threads.PREFER, 1, (3,), ()),
        ((0, 3), Threads.PREFER, 3, (1, 5, 4), ()),
        ((0, 3), Threads.PREFER, 5, (1, 5, 2, 6, 4), ()),
        ((0, 3, 1), Threads.PREFER, 1, (4,), ()),
        ((3,), Threads.PREFER, 1, (0,), ()),
        ((1,), Threads.ISOLATE, 2, (0, 2), (4, 6)),
        ((), Threads.ISOLATE, 4, (0, 1, 2, 3), (4, 5, 6)),
        ((), Threads.REQUIRE, 3, (0, 4, 1), (5,)),
        ((5,), Threads.REQUIRE, 4, (0, 4, 2, 6), ()),
    ],
)
def test_cpus_are_picked_by_thread_policy(
    taken: tuple[int, ...], policy: Threads, wanted: int, cpus: tuple[int, ...], kept: tuple[int, ...]
) -> None:
    assert threads.pick(stock(*taken), wanted, policy) == (cpus, kept)


def test_kept_siblings_are_claimed_too() -> None:
    made = fleet(numa(count=1))
    place = put(made, demand(CellDemand(0, 1, 512), threads=Threads.ISOLATE))
    assert place is not None
    assert (place.cells[0].cpus, place.cells[0].kept) == ((0,), (4,))
    assert made.view("h1").stocks["PCPU"].used == 2
    assert made.view("h1").cells[0].taken == {0, 4}
    assert put(made, demand(CellDemand(0, 2, 512), threads=Threads.ISOLATE)) is None
    assert put(made, demand(CellDemand(0, 2, 512), threads=Threads.REQUIRE)) is not None


def test_cells_go_to_cells_of_their_own() -> None:
    made = fleet(numa(memory=16384))
    two = demand(CellDemand(0, 3, 2000), CellDemand(1, 1, 3000))
    place = put(made, two)
    assert place is not None
    assert sorted(cell.cell for cell in place.cells) == [0, 1]
    assert made.falls(two) == {Fall.CELLS: 1}
    assert made.falls(demand(*[CellDemand(0, 0, 1)] * 3)) == {Fall.CELLS: 1}


def test_a_cell_that_fits_one_way_only_is_found() -> None:
    made = fleet(numa())
    assert put(made, demand(CellDemand(0, 3, 512))) is not None
    place = made.decide(Ask("s", demand(CellDemand(0, 1, 512), CellDemand(0, 4, 512))))
    assert place is not None
    assert [len(cell.cpus) for cell in place.cells] == [1, 4]


def test_huge_pages_are_claimed_by_cell_and_are_no_memory() -> None:
    made = fleet(numa(overhead_mib=100))
    pages = demand(CellDemand(1, 0, 2047), page_kib=2048)
    assert [place is not None for place in (put(made, pages), put(made, pages), put(made, pages))] == [
        True,
        True,
        False,
    ]
    seen = made.view("h1")
    assert [cell.pages_used for cell in seen.cells] == [{2048: 1024}] * 2
    assert [cell.memory_used for cell in seen.cells] == [0, 0]
    assert seen.stocks["MEMORY_MB"].used == 200
    assert made.falls(replace(pages, page_kib=1048576)) == {Fall.CELLS: 1}


def device(address: str, cell: int | None = None, device_class: str = "gpu") -> DeviceStock:
    return DeviceStock(address=address, device_class=device_class, cell=cell)


ONE = CellDemand(1, 0, 512)


@pytest.mark.parametrize(
    ("near", "cell", "fall"),
    [
        (Near.REQUIRED, 0, Fall.NOWHERE),
        (Near.REQUIRED, None, Fall.DEVICES),
        (Near.REQUIRED, 9, Fall.DEVICES),
        (Near.LEGACY, 0, Fall.NOWHERE),
        (Near.LEGACY, None, Fall.NOWHERE),
        (Near.LEGACY, 9, Fall.DEVICES),
        (Near.SOCKET, 0, Fall.NOWHERE),
        (Near.SOCKET, None, Fall.DEVICES),
        (Near.SOCKET, 9, Fall.DEVICES),
        (Near.PREFERRED, 9, Fall.NOWHERE),
    ],
)
def test_how_near_a_device_is_to_be(near: Near, cell: int | None, fall: Fall) -> None:
    made = fleet(numa(devices=(device("a", cell),)))
    wanted = demand(ONE, devices=(DeviceDemand("gpu", 1, near),))
    assert made.falls(wanted) == {fall: 1}
    place = put(made, wanted)
    assert (place.devices if place else ()) == (() if fall else ("a",))
    assert made.falls(wanted) == {Fall.DEVICES: 1}


def test_a_socket_has_several_cells() -> None:
    view = numa(count=4, devices=(device("a", 1), device("b", 3)))
    view = replace(view, cells=tuple(replace(c, socket=c.id // 2, memory_used=4096 * (c.id != 0)) for c in view.cells))
    wanted = demand(ONE, devices=(DeviceDemand("gpu", 1, Near.SOCKET),))
    assert [place.devices if place else None for place in (placing.find(view, wanted), put(fleet(view), wanted))] == [
        ("a",)
    ] * 2
    assert fleet(view).falls(replace(wanted, devices=(DeviceDemand("gpu", 2, Near.SOCKET),))) == {Fall.DEVICES: 1}


def test_the_nearest_devices_are_taken_and_cells_with_others_spared() -> None:
    view = numa(devices=(device("n", 0, "nic"), device("a", 1), device("b", None)))
    place = placing.find(view, demand(ONE, devices=(DeviceDemand("gpu", 1, Near.PREFERRED),)))
    assert place is not None
    assert (place.cells[0].cell, place.devices) == (1, ("a",))
    far = placing.find(view, demand(ONE, devices=(DeviceDemand("gpu", 2, Near.PREFERRED), DeviceDemand("nic"))))
    assert far is not None
    assert (far.cells[0].cell, set(far.devices)) == (0, {"a", "b", "n"})


def test_demands_of_one_class_do_not_take_each_others_devices() -> None:
    view = numa(count=1, devices=(device("a", 0), device("b", None)))
    both = demand(ONE, devices=(DeviceDemand("gpu", 1, Near.LEGACY), DeviceDemand("gpu", 1, Near.REQUIRED)))
    place = put(fleet(view), both)
    assert place is not None
    assert place.devices == ("b", "a")
    three = replace(both, devices=(*both.devices, DeviceDemand("gpu", 1, Near.PREFERRED)))
    assert (placing.find(view, three), fleet(view).falls(three)) == (None, {Fall.DEVICES: 1})


def test_a_guest_without_cells_takes_devices_from_anywhere() -> None:
    made = fleet(numa(devices=(device("a", 9), device("b", None), device("c", 1))))
    wanted = Demand(shared=1, memory_mib=512, disk_gib=0, devices=(DeviceDemand("gpu", 3, Near.REQUIRED),))
    place = put(made, wanted, "me")
    assert place is not None
    assert set(place.devices) == {"a", "b", "c"}
    assert {d.server for d in made.view("h1").devices} == {"me"}
    assert put(made, replace(wanted, devices=(DeviceDemand("gpu"),))) is None
