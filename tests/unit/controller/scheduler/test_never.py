import pytest
from msgspec.structs import replace

from controller.scheduler.fleet import Fleet
from controller.scheduler.never import emptied
from controller.scheduler.score import Policy
from controller.scheduler.terms import (
    CellDemand,
    CellStock,
    Demand,
    DeviceDemand,
    DeviceStock,
    HostView,
    Stock,
)

FULL = HostView(
    id="h",
    name="h",
    generation=7,
    stocks={"VCPU": Stock(4, 4), "PCPU": Stock(2, 2), "MEMORY_MB": Stock(1024, 1000), "DISK_GB": Stock(10, 10)},
    shut="down",
    overhead_mib=24,
    cells=(CellStock(id=0, cores=((0,), (1,)), taken=frozenset({0, 1}), memory_mib=1024, memory_used=1000),),
    devices=(DeviceStock(address="a", device_class="gpu", cell=0, server="s"),),
    traits=frozenset({"CUSTOM_A"}),
    groups={"g": 2},
    servers=3,
    busy=1,
)


def never(hosts: list[HostView], demand: Demand) -> bool:
    fleet = Fleet(Policy())
    fleet.load(replace(host, id=f"h{number}") for number, host in enumerate(hosts))
    return fleet.inquiry().never(demand)


def wants(**more) -> Demand:
    return Demand(**{"shared": 1, "memory_mib": 512, "disk_gib": 1} | more)


@pytest.mark.parametrize(
    "demand",
    [
        wants(),
        wants(shared=4, memory_mib=1000, disk_gib=10),
        wants(shared=0, dedicated=2, cells=(CellDemand(0, 2, 512),)),
        wants(devices=(DeviceDemand("gpu"),)),
        wants(traits=frozenset({"CUSTOM_A"})),
    ],
)
def test_what_fits_when_the_host_is_empty_may_come(demand: Demand) -> None:
    assert not never([FULL], demand)


@pytest.mark.parametrize(
    "demand",
    [
        wants(shared=5),
        wants(memory_mib=1001),
        wants(shared=0, dedicated=3, cells=(CellDemand(0, 3, 512),)),
        wants(cells=(CellDemand(1, 0, 256), CellDemand(0, 0, 256))),
        wants(devices=(DeviceDemand("gpu", 2),)),
        wants(traits=frozenset({"CUSTOM_B"})),
        wants(features=frozenset({"pages"})),
        wants(aggregates=(frozenset({"zone"}),)),
        wants(page_kib=2048, cells=(CellDemand(1, 0, 512),)),
    ],
)
def test_what_no_empty_host_takes_never_comes(demand: Demand) -> None:
    assert never([FULL], demand)
    assert never([FULL, FULL], demand)


def test_one_host_that_could_is_enough() -> None:
    large = HostView(id="l", name="l", generation=1, stocks={n: Stock(99999, 99999) for n in FULL.stocks})
    assert not never([FULL, large], wants(shared=5))


def test_without_hosts_nobody_knows() -> None:
    assert not never([], wants())


def test_memory_in_huge_pages_is_not_looked_for_beside_them() -> None:
    paged = replace(FULL, stocks=FULL.stocks | {"MEMORY_MB": Stock(64)}, cells=(CellStock(id=0, pages={2048: 256}),))
    demand = wants(page_kib=2048, cells=(CellDemand(1, 0, 512),))
    assert not never([paged], demand)
    assert never([paged], replace(demand, memory_mib=514, cells=(CellDemand(1, 0, 514),)))


def test_hosts_that_are_built_alike_are_looked_at_once(monkeypatch) -> None:
    looked = []
    monkeypatch.setattr("controller.scheduler.never.reasons", lambda host, _: looked.append(host.id) or {"x": 1})
    assert never([FULL] * 3 + [replace(FULL, overhead_mib=30)], wants())
    assert looked == ["h0", "h3"]


def test_an_emptied_host_has_what_it_had() -> None:
    empty = emptied(FULL)
    assert (empty.shut, empty.servers, empty.busy, empty.groups) == ("", 0, 0, {})
    assert empty.stocks["VCPU"] == Stock(4, 0)
    assert (empty.cells[0].taken, empty.cells[0].memory_used) == (frozenset(), 0)
    assert (empty.generation, empty.overhead_mib, empty.devices[0].server) == (7, 24, None)
