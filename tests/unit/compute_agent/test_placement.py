from typing import Any

import msgspec
import pytest

from common import errors
from common.guest import Guest, GuestCell
from common.wire import Cell, PlacedCell, Placement
from compute_agent.placement import Seat, seat

TWO_CELLS = (
    Cell(id=0, cpus=(0, 1, 2, 3), memory_mib=4096, dedicated=(2, 3)),
    Cell(id=1, cpus=(4, 5, 6, 7), memory_mib=4096, dedicated=(6, 7)),
)
PLAIN = tuple(msgspec.structs.replace(cell, dedicated=()) for cell in TWO_CELLS)
FULL = tuple(msgspec.structs.replace(cell, dedicated=cell.cpus) for cell in TWO_CELLS)


def guest(**asked: Any) -> Guest:
    return Guest(**{"vcpus": 4, "memory_mib": 1024, "disk_gib": 1} | asked)


def placed(cell: int, *cpus: int, **said: Any) -> PlacedCell:
    return PlacedCell(**{"cell": cell, "cpus": cpus, "vcpus": (0, 1, 2, 3), "memory_mib": 1024} | said)


def halves(first: PlacedCell, second: PlacedCell) -> Placement:
    """Two cells with half of the guest each."""
    parts = zip((first, second), ((0, 1), (2, 3)), strict=True)
    return Placement(cells=tuple(msgspec.structs.replace(one, vcpus=v, memory_mib=512) for one, v in parts))


NUMA = (GuestCell(vcpus=(0, 1), memory_mib=512), GuestCell(vcpus=(2, 3), memory_mib=512))


def test_where_all_share_a_guest_may_run_anywhere() -> None:
    assert seat(guest(), None, PLAIN) == seat(guest(), Placement(), ()) == Seat(((), (), (), ()), ())


def test_who_shares_keeps_off_the_dedicated_cpus() -> None:
    shared = (0, 1, 4, 5)
    assert seat(guest(), None, TWO_CELLS) == Seat((shared,) * 4, shared)


def test_dedicated_vcpus_have_the_cpus_they_were_given_in_their_order() -> None:
    asked = guest(dedicated=(1, 3))
    found = seat(asked, Placement(cells=(placed(1, 7, 6),)), TWO_CELLS)
    assert found.vcpus == ((4, 5), (7,), (4, 5), (6,))
    assert found.emulator == (4, 5)
    assert found.cells == (placed(1, 7, 6),)


def test_each_cell_of_the_guest_has_its_own() -> None:
    asked = guest(dedicated=(0, 1, 2, 3), cells=NUMA)
    found = seat(asked, halves(placed(1, 6, 7), placed(0, 3, 2)), TWO_CELLS)
    assert found.vcpus == ((6,), (7,), (3,), (2,))
    assert found.emulator == (0, 1, 4, 5)


def test_cells_without_dedicated_cpus_share_those_of_their_own() -> None:
    found = seat(guest(cells=NUMA), halves(placed(1), placed(0)), PLAIN)
    assert found.vcpus == ((4, 5, 6, 7), (4, 5, 6, 7), (0, 1, 2, 3), (0, 1, 2, 3))
    assert found.emulator == tuple(range(8))


def test_a_cell_without_shared_cpus_leaves_the_others() -> None:
    host = (TWO_CELLS[0], FULL[1])
    found = seat(guest(dedicated=(0,)), Placement(cells=(placed(1, 4),)), host)
    assert (found.vcpus, found.emulator) == (((4,), (0, 1), (0, 1), (0, 1)), (0, 1))


def test_where_nothing_is_shared_qemu_runs_on_the_guests_own_cpus() -> None:
    everything = guest(dedicated=(0, 1, 2, 3))
    found = seat(everything, Placement(cells=(placed(0, 3, 2, 1, 0),)), FULL)
    assert (found.vcpus, found.emulator) == (((3,), (2,), (1,), (0,)), (0, 1, 2, 3))
    for asked, placement in ((guest(), None), (guest(dedicated=(0,)), Placement(cells=(placed(0, 3),)))):
        with pytest.raises(errors.HypervisorError, match="all CPUs of this host are dedicated"):
            seat(asked, placement, FULL)


@pytest.mark.parametrize(
    ("asked", "cells", "why"),
    [
        ({"dedicated": (0,)}, (), "does not say which"),
        ({"cells": NUMA}, (), "does not say which"),
        ({"page_kib": 2048}, (), "does not say which"),
        ({}, (placed(0, vcpus=(0, 1)),), "each vCPU once"),
        ({}, (placed(0, vcpus=(0, 1, 2, 2)),), "each vCPU once"),
        ({}, (placed(0, memory_mib=1),), "cells are not the guest's"),
        ({}, halves(placed(0), placed(1)).cells, "cells are not the guest's"),
        ({"cells": NUMA}, (placed(0),), "cells are not the guest's"),
        ({}, halves(placed(0), placed(0)).cells, "a host cell is given twice"),
        ({"dedicated": (0, 1)}, (placed(0, 2, 2),), "a CPU is given twice"),
        ({"dedicated": (0, 1)}, (placed(0, 2),), "one CPU for each dedicated"),
        ({}, (placed(0, 2),), "one CPU for each dedicated"),
        ({}, (placed(0, page_kib=2048),), "pages are not of the size"),
    ],
)
def test_contradictions_are_refused(asked: dict[str, Any], cells: tuple[PlacedCell, ...], why: str) -> None:
    with pytest.raises(errors.BadRequest, match=why):
        seat(guest(**asked), Placement(cells=cells), TWO_CELLS)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (placed(2, 2), "placed in NUMA cell 2; this host has 0, 1"),
        (placed(0, 9), "given CPU 9; cell 0 of this host has 0-3"),
        (placed(0, 6), "given CPU 6; cell 0"),
        (placed(0, 1), "given CPU 1, which .* dedicated_cpus"),
    ],
)
def test_what_the_host_has_not_is_refused(cell: PlacedCell, why: str) -> None:
    with pytest.raises(errors.HypervisorError, match=why):
        seat(guest(dedicated=(0,)), Placement(cells=(cell,)), TWO_CELLS)


def test_a_host_that_knows_no_cells_takes_no_placement() -> None:
    with pytest.raises(errors.HypervisorError, match="none that it knows of"):
        seat(guest(), Placement(cells=(placed(0),)), ())
