"""Each filter: what just passes, what falls, with which code and words."""

from typing import Any

import pytest
from msgspec.structs import replace

from controller.scheduler.filters import FILTERS, Reason, reasons
from controller.scheduler.terms import (
    Ask,
    DeviceDemand,
    DeviceStock,
    Fall,
    GroupAsk,
    HostView,
    Near,
    Stock,
    Threads,
    Together,
)
from tests.services.views import ask, cell, numa, pinned, view

APART = GroupAsk("g", Together.ANTI_AFFINITY, 2)
TOGETHER = GroupAsk("g", Together.AFFINITY)
BUSY = frozenset({0})
NEAR_0 = (DeviceStock(address="a", device_class="gpu", cell=0),)
NO_CELL = (DeviceStock(address="a", device_class="gpu"),)


def gpus(count: int = 1, near: Near = Near.REQUIRED) -> tuple[DeviceDemand, ...]:
    return (DeviceDemand("gpu", count, near),)


def used(resource: str, capacity: int, much: int = 0) -> dict[str, Any]:
    return {"stocks": {resource: Stock(capacity, much)}}


FITS: list[tuple[HostView, Ask]] = [
    (view(cpus=2, memory=1024, disk=10), ask()),
    (view(overhead_mib=64, memory=1088), ask()),
    (view(memory=1500, memory_ratio=1.5), ask(locked=False)),
    (view(memory=1536, memory_ratio=1.5), ask(locked=True)),
    (numa(**used("MEMORY_MB", 0)), pinned(page_kib=2048)),
    (view(features=frozenset("ab"), traits=frozenset("xy")), ask(features=frozenset("a"), traits=frozenset("x"))),
    (view(aggregates=frozenset({"z", "t"})), ask(aggregates=(frozenset({"z", "y"}), frozenset("t")))),
    (view(aggregates=frozenset("z")), ask(outside=frozenset("t"))),
    (view(**used("CUSTOM_FPGA", 2, 1)), ask(resources=(("CUSTOM_FPGA", 1),))),
    (view(), ask(hints={"only": frozenset({"h1"}), "never": frozenset({"h2"})})),
    (view(groups={"g": 1}), ask(hints={"group": APART})),
    (view(groups={"g": 1}), ask(hints={"group": TOGETHER})),
    (view(groups={"g": 9}), ask(hints={"group": GroupAsk("g", Together.SOFT_ANTI_AFFINITY)})),
    (numa(), pinned(cells=2, cpus=4, memory=4096)),
    (numa(), pinned(cells=1, cpus=2, threads=Threads.ISOLATE)),
    (numa(), pinned(cells=1, cpus=3, threads=Threads.REQUIRE)),
    (numa(count=1), pinned(memory=2048, page_kib=2048)),
    (numa(), pinned(cells=2, devices=gpus(2))),
    (numa(devices=NO_CELL), pinned(devices=gpus(1, Near.LEGACY))),
    (numa(devices=NO_CELL), pinned(devices=gpus(1, Near.PREFERRED))),
    (numa(devices=NO_CELL), ask(devices=gpus(1, Near.REQUIRED))),
    (numa(devices=NEAR_0, cells=(cell(0, taken=BUSY), cell(1, socket=0))), pinned(devices=gpus(1, Near.SOCKET))),
]

FALLS: list[tuple[Fall, HostView, Ask, str, str]] = [
    (Fall.SHUT, view(shut="disabled: new disk"), ask(), "shut", "disabled: new disk"),
    (Fall.FEATURES, view(), ask(features=frozenset({"vtpm", "cells"})), "features", "cannot do cells, vtpm"),
    (Fall.TRAITS, view(traits=frozenset("a")), ask(traits=frozenset("ab")), "trait-missing", "has no b"),
    (Fall.TRAITS, view(traits=frozenset("a")), ask(forbidden=frozenset("ab")), "trait-forbidden", "has a"),
    (
        Fall.AGGREGATES,
        view(aggregates=frozenset("t")),
        ask(aggregates=(frozenset("t"), frozenset("yz"))),
        "aggregate-missing",
        "is not in y or z",
    ),
    (
        Fall.AGGREGATES,
        view(),
        ask(aggregates=(frozenset(),)),
        "aggregate-missing",
        "is not in an aggregate that there is none of",
    ),
    (
        Fall.AGGREGATES,
        view(aggregates=frozenset("t")),
        ask(outside=frozenset("t")),
        "aggregate-reserved",
        "is in t, kept for others",
    ),
    (Fall.CPUS, view(cpus=1), ask(), "vcpu", "needs 2 CPUs, 1 free"),
    (Fall.CPUS, view(**used("PCPU", 4, 3)), ask(dedicated=2), "pcpu", "needs 2 dedicated CPUs, 1 free"),
    (Fall.MEMORY, view(memory=1087, overhead_mib=64), ask(), "memory-mb", "needs 1024 MiB, 1023 free"),
    (Fall.MEMORY, view(memory=1535, memory_ratio=1.5), ask(locked=True), "memory-mb", "needs 1536 MiB, 1535 free"),
    (Fall.MEMORY, view(memory=3, overhead_mib=9), ask(memory_mib=1), "memory-mb", "needs 1 MiB, 0 free"),
    (Fall.DISK, view(disk=9), ask(), "disk-gb", "needs 10 GiB, 9 free"),
    (
        Fall.RESOURCES,
        view(),
        ask(resources=(("CUSTOM_FPGA", 1),)),
        "custom-fpga",
        "needs 1 CUSTOM_FPGA, 0 free",
    ),
    (Fall.CELLS, numa(), pinned(cells=3, cpus=1), "cells", "needs 3 NUMA cells, has 2"),
    (
        Fall.CELLS,
        numa(count=1),
        pinned(cpus=4, threads=Threads.ISOLATE),
        "cell-cpus",
        "needs 4 dedicated CPUs in a NUMA cell, the best has 2 by thread policy isolate",
    ),
    (
        Fall.CELLS,
        numa(cells=(cell(0, taken=BUSY),)),
        pinned(cpus=4),
        "cell-cpus",
        "needs 4 dedicated CPUs in a NUMA cell, the best has 3",
    ),
    (
        Fall.CELLS,
        numa(cells=(cell(0, cores=((0,), (1,))),)),
        pinned(cpus=1, threads=Threads.REQUIRE),
        "cell-cpus",
        "needs 1 dedicated CPUs in a NUMA cell, the best has 0 by thread policy require",
    ),
    (Fall.CELLS, numa(), pinned(memory=4097), "cell-memory", "needs 4097 MiB in a NUMA cell, the best has 4096"),
    (
        Fall.CELLS,
        numa(),
        pinned(memory=2050, page_kib=2048),
        "cell-pages",
        "needs 2050 MiB in pages of 2048 KiB in a NUMA cell, the best has 2048",
    ),
    (
        Fall.CELLS,
        numa(cells=(cell(0, taken=frozenset({0, 1})), cell(1, memory_used=4000))),
        pinned(cpus=3),
        "cells",
        "has no NUMA cell with both the CPUs and the memory",
    ),
    (
        Fall.CELLS,
        numa(cells=(cell(0), cell(1, memory_used=4000))),
        pinned(cells=2),
        "cells",
        "has no 2 NUMA cells with room, one for each of the guest's",
    ),
    (Fall.DEVICES, numa(), pinned(devices=gpus(3)), "devices", "needs 3 gpu, 2 free"),
    (
        Fall.DEVICES,
        numa(devices=(DeviceStock(address="a", device_class="gpu", server="t"),)),
        ask(devices=gpus(1)),
        "devices",
        "needs 1 gpu, 0 free",
    ),
    (
        Fall.DEVICES,
        numa(),
        pinned(devices=gpus(2)),
        "device-near",
        "has the devices, but not near enough to cells with room (policy required)",
    ),
    (
        Fall.DEVICES,
        numa(devices=NO_CELL),
        pinned(devices=gpus(1, Near.SOCKET)),
        "device-near",
        "has the devices, but not near enough to cells with room (policy socket)",
    ),
    (
        Fall.HINTS,
        view(),
        ask(hints={"only": frozenset({"h2"})}),
        "hint-elsewhere",
        "is not among the hosts that the hints ask for",
    ),
    (
        Fall.HINTS,
        view(),
        ask(hints={"never": frozenset({"h1"})}),
        "hint-avoided",
        "is among the hosts that the hints avoid",
    ),
    (
        Fall.GROUP,
        view(groups={"g": 2}),
        ask(hints={"group": APART}),
        "group-apart",
        "has 2 of the group already, 2 may be on one host",
    ),
    (
        Fall.GROUP,
        view(),
        ask(hints={"group": TOGETHER}),
        "group-together",
        "has none of the group, whose members are elsewhere",
    ),
]


@pytest.mark.parametrize(("host", "wanted"), FITS)
def test_what_just_fits_passes_all(host: HostView, wanted: Ask) -> None:
    assert reasons(host, wanted) == {}


@pytest.mark.parametrize(("fall", "host", "wanted", "code", "text"), FALLS)
def test_a_filter_says_why(fall: Fall, host: HostView, wanted: Ask, code: str, text: str) -> None:
    assert reasons(host, wanted) == {fall: Reason(code, text)}


def test_filters_stand_in_the_order_in_which_hosts_fall() -> None:
    assert [one.fall for one in FILTERS] == [fall for fall in Fall if fall is not Fall.NOWHERE]


def test_every_filter_has_a_case() -> None:
    assert {case[0] for case in FALLS} == {one.fall for one in FILTERS}


def test_all_that_is_missing_is_told_the_first_first() -> None:
    told = reasons(view(cpus=1, disk=1, shut="closed"), ask())
    assert [reason.code for reason in told.values()] == ["shut", "vcpu", "disk-gb"]


def test_devices_are_not_blamed_where_no_cell_has_room() -> None:
    told = reasons(numa(), pinned(cpus=5, devices=gpus(1)))
    assert list(told) == [Fall.CELLS]


def test_devices_of_one_class_are_not_counted_twice() -> None:
    wanted = pinned(devices=(DeviceDemand("gpu", 1, Near.REQUIRED), DeviceDemand("gpu", 1, Near.PREFERRED)))
    assert reasons(numa(), wanted) == {}
    one_near = replace(numa(), devices=(*NEAR_0, DeviceStock(address="b", device_class="gpu", server="t")))
    assert list(reasons(one_near, wanted)) == [Fall.DEVICES]
    both = pinned(devices=(DeviceDemand("gpu", 1, Near.REQUIRED), DeviceDemand("gpu", 1, Near.SOCKET)))
    assert list(reasons(numa(), both)) == [Fall.DEVICES], "one by each cell, none more on its socket"
