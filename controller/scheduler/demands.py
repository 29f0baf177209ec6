"""From a Guest, which says what a server is to be, to the demand that it makes on a host."""

from common.guest import Guest, GuestCell
from controller.scheduler.terms import CellDemand, Demand, DeviceDemand, Near, Threads


def demand(guest: Guest) -> Demand:
    """Give what a guest demands of any host, wherever it may go.

    Devices lock its memory: what they write to may not be elsewhere meanwhile.
    """
    return Demand(
        shared=guest.vcpus - len(guest.dedicated),
        dedicated=len(guest.dedicated),
        threads=Threads(guest.threads_policy),
        memory_mib=guest.memory_mib,
        disk_gib=guest.disk_gib,
        page_kib=guest.page_kib,
        locked=guest.locked or bool(guest.devices),
        cells=tuple(_cell(cell, guest.dedicated) for cell in guest.cells),
        devices=tuple(DeviceDemand(d.device_class, d.count, Near(d.near)) for d in guest.devices),
        resources=guest.resources,
        traits=frozenset(guest.traits),
        forbidden=frozenset(guest.forbidden),
        features=guest.features,
        spread=guest.spread,
    )


def _cell(cell: GuestCell, dedicated: tuple[int, ...]) -> CellDemand:
    own = len(set(cell.vcpus) & set(dedicated))
    return CellDemand(len(cell.vcpus) - own, own, cell.memory_mib)
