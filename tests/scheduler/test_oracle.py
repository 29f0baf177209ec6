"""The scheduler decides as the oracle does; and the oracle can tell: broken schedulers and wrong places are found."""

import pytest
from msgspec.structs import replace

from controller.scheduler.fleet import Fleet
from controller.scheduler.terms import (
    Ask,
    CellDemand,
    CellPlace,
    CellStock,
    Demand,
    DeviceDemand,
    DeviceStock,
    Fall,
    HostView,
    Near,
    Place,
    Stock,
    Threads,
)
from tests.scheduler import oracle
from tests.scheduler.trials import run

CORES = ((0, 4), (1, 5), (2, 6), (3, 7))
HOST = HostView(
    id="h",
    name="h",
    generation=1,
    stocks={name: Stock(10_000) for name in ("VCPU", "PCPU", "MEMORY_MB", "DISK_GB")},
    cells=(CellStock(id=0, cores=CORES, taken=frozenset({3}), memory_mib=1024), CellStock(id=1, memory_mib=1024)),
    devices=(
        DeviceStock(address="near", device_class="gpu", cell=0),
        DeviceStock(address="far", device_class="gpu", cell=1),
        DeviceStock(address="gone", device_class="gpu", cell=0, server="another"),
        DeviceStock(address="other", device_class="nic", cell=0),
    ),
)
WANTED = Demand(
    shared=0,
    dedicated=2,
    memory_mib=512,
    disk_gib=1,
    threads=Threads.ISOLATE,
    cells=(CellDemand(0, 2, 512),),
    devices=(DeviceDemand("gpu", near=Near.REQUIRED),),
)
CELL = CellPlace(cell=0, cpus=(0, 1), kept=(4, 5), memory_mib=512)
RIGHT = Place(host="h", cells=(CELL,), devices=("near",))


def test_the_scheduler_agrees_with_the_oracle() -> None:
    outcome = run(seed=1, decisions=300)
    assert outcome.mismatches == []
    assert 100 < outcome.placed < 250


class Forgetful(Fleet):
    """Never gives anything back."""

    def release(self, ask: Ask, place: Place) -> None: ...


class Unlucky(Fleet):
    """Breaks ties in another way."""

    def decide(self, ask: Ask) -> Place | None:
        return super().decide(ask._replace(seed=ask.seed + 1))


class Careless(Fleet):
    """Does not look at groups."""

    def decide(self, ask: Ask) -> Place | None:
        return super().decide(ask._replace(group=None))


@pytest.mark.parametrize("broken", [Forgetful, Unlucky, Careless])
def test_a_broken_scheduler_is_found(broken: type[Fleet]) -> None:
    assert run(seed=1, decisions=300, make=broken).mismatches


def test_a_right_place_is_seen_as_one() -> None:
    assert oracle.fall(HOST, WANTED) is Fall.NOWHERE
    assert oracle.wrong(HOST, WANTED, RIGHT) == ""


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (replace(RIGHT, host="i"), "another host"),
        (replace(RIGHT, cells=(CELL, CELL)), "cells [0, 0]"),
        (replace(RIGHT, cells=(replace(CELL, cell=1),)), "cell 1: CPUs (0, 1)"),
        (replace(RIGHT, cells=(replace(CELL, cpus=(0, 7), kept=(4, 3)),)), "cell 0: CPUs (0, 7)"),
        (replace(RIGHT, cells=(replace(CELL, cpus=(0, 4), kept=()),)), "cell 0: CPUs (0, 4)"),
        (replace(RIGHT, cells=(replace(CELL, cpus=(0, 3), kept=(4, 7)),)), "cell 0: CPUs (0, 3)"),
        (replace(RIGHT, cells=(replace(CELL, kept=(4,)),)), "cell 0: kept (4,) beside (0, 1)"),
        (replace(RIGHT, cells=(replace(CELL, memory_mib=256),)), "cell 0: 256 MiB in pages of 0 KiB"),
        (replace(RIGHT, devices=()), "devices ()"),
        (replace(RIGHT, devices=("far",)), "devices ('far',)"),
        (replace(RIGHT, devices=("gone",)), "devices ('gone',)"),
        (replace(RIGHT, devices=("other",)), "devices ('other',)"),
    ],
)
def test_a_wrong_place_is_refused(place: Place, said: str) -> None:
    assert oracle.wrong(HOST, WANTED, place) == said


def test_a_device_that_could_be_nearer_is_refused() -> None:
    wanted = replace(WANTED, devices=(DeviceDemand("gpu", near=Near.PREFERRED),))
    assert oracle.wrong(HOST, wanted, RIGHT) == ""
    assert "farther" in oracle.wrong(HOST, wanted, replace(RIGHT, devices=("far",)))


def test_required_threads_come_core_by_core() -> None:
    assert oracle.core_by_core(CORES, (0, 4, 1))
    assert not oracle.core_by_core(CORES, (0, 1, 4))
