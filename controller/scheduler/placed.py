"""What a server's host is told of its place: the guest's own vCPUs put to the cells and CPUs that were chosen."""

from common import wire
from common.guest import Guest
from controller.scheduler.terms import Place


def placement(guest: Guest, place: Place) -> wire.Placement | None:
    """Give the placement of a guest; None where all of it may float."""
    if not place.cells and not place.devices:
        return None
    vcpus = [cell.vcpus for cell in guest.cells] or [tuple(range(guest.vcpus))]
    cells = tuple(
        wire.PlacedCell(cell=cell.cell, vcpus=some, cpus=cell.cpus, memory_mib=cell.memory_mib, page_kib=cell.page_kib)
        for cell, some in zip(place.cells, vcpus if place.cells else (), strict=True)
    )
    return wire.Placement(cells=cells, devices=place.devices)
