import pytest

from controller.scheduler.never import emptied, never
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


def test_an_emptied_host_has_what_it_had() -> None:
    empty = emptied(FULL)
    assert (empty.shut, empty.servers, empty.busy, empty.groups) == ("", 0, 0, {})
    assert empty.stocks["VCPU"] == Stock(4, 0)
    assert (empty.cells[0].taken, empty.cells[0].memory_used) == (frozenset(), 0)
    assert (empty.generation, empty.overhead_mib, empty.devices[0].server) == (7, 24, None)
