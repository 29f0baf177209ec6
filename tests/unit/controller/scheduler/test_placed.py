import pytest

from common.guest import Guest, GuestCell
from common.wire import PlacedCell, Placement
from controller.scheduler.placed import placement
from controller.scheduler.terms import CellPlace, Place

PLAIN = Guest(vcpus=2, memory_mib=512, disk_gib=1)
NUMA = Guest(
    vcpus=3,
    memory_mib=768,
    disk_gib=1,
    dedicated=(0, 2),
    cells=(GuestCell(vcpus=(0, 2), memory_mib=512), GuestCell(vcpus=(1,), memory_mib=256)),
)


def test_a_guest_that_floats_has_no_placement() -> None:
    assert placement(PLAIN, Place(host="h")) is None


def test_devices_alone_are_a_placement() -> None:
    assert placement(PLAIN, Place(host="h", devices=("0000:01:00.0",))) == Placement(devices=("0000:01:00.0",))


def test_a_guest_without_cells_is_whole_in_one() -> None:
    place = Place(host="h", cells=(CellPlace(cell=1, cpus=(7, 5), kept=(6,), memory_mib=512, page_kib=2048),))
    assert placement(PLAIN, place) == Placement(
        cells=(PlacedCell(cell=1, vcpus=(0, 1), cpus=(7, 5), memory_mib=512, page_kib=2048),)
    )


def test_each_cell_has_its_vcpus() -> None:
    place = Place(host="h", cells=(CellPlace(cell=1, cpus=(7, 5), memory_mib=512), CellPlace(cell=0, memory_mib=256)))
    assert placement(NUMA, place) == Placement(
        cells=(
            PlacedCell(cell=1, vcpus=(0, 2), cpus=(7, 5), memory_mib=512),
            PlacedCell(cell=0, vcpus=(1,), memory_mib=256),
        )
    )


def test_a_place_for_another_guest_is_no_placement() -> None:
    with pytest.raises(ValueError, match="longer"):
        placement(NUMA, Place(host="h", cells=(CellPlace(cell=1),)))
