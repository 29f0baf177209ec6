"""The exact place on one host: which cell for each cell of the guest, which CPUs, which devices."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from controller.scheduler import claims, threads
from controller.scheduler.matching import match
from controller.scheduler.nearness import Around
from controller.scheduler.terms import CellDemand, CellPlace, CellStock, Demand, DeviceStock, HostView, Place, Threads

_ORDER = tuple(Threads)


def find(host: HostView, demand: Demand) -> Place | None:
    """Choose cells, CPUs and devices of a host that has enough as a whole; None: they are not to be had together.

    Where there are several ways, that with the nearest devices is taken, then that which uses the fullest cells.
    """
    if not demand.cells and not demand.devices:
        return Place(host=host.id)
    best: tuple[int, Sequence[CellStock], Sequence[DeviceStock]] | None = None
    for cells in _assignments(host, demand):
        around = Around(host, [cell.id for cell in cells])
        devices = around.pick(demand.devices)
        if devices is not None:
            far = sum(map(around.distance, devices))
            if best is None or far < best[0]:
                best = far, cells, devices
            if not far:
                break
    return None if best is None else _place(host, demand, best[1], best[2])


def fits(cell: CellStock, want: CellDemand, demand: Demand) -> bool:
    """Say whether a cell of the guest could go to this cell of a host."""
    return has_memory(cell, want.memory_mib, demand.page_kib) and (
        want.dedicated <= threads.free(cell)[_ORDER.index(demand.threads)]
    )


def has_memory(cell: CellStock, memory_mib: int, page_kib: int) -> bool:
    """Say whether a cell has so much memory left, in pages of that size or (0) in ordinary ones."""
    if not page_kib:
        return cell.memory_mib - cell.memory_used >= memory_mib
    left = cell.pages.get(page_kib, 0) - cell.pages_used.get(page_kib, 0)
    return left >= claims.pages(memory_mib, page_kib)


def _assignments(host: HostView, demand: Demand) -> Iterator[Sequence[CellStock]]:
    """Give each way to put the guest's cells on cells of their own, those that spare devices and room first.

    Of the ways that use the same cells of the host one is given: what is near does not depend on which is whose.
    """
    if not demand.cells:
        yield ()
        return
    numbered = sorted(host.cells, key=lambda cell: _spared(cell, host, demand))
    open_to = [[cell.id for cell in numbered if fits(cell, want, demand)] for want in demand.cells]
    by_id = {cell.id: cell for cell in numbered}
    useful = [cell.id for cell in numbered if any(cell.id in ids for ids in open_to)]
    for chosen in combinations(useful, len(demand.cells)):
        matched = match([[id_ for id_ in ids if id_ in chosen] for ids in open_to])
        if matched is not None:
            yield [by_id[id_] for id_ in matched]


def _spared(cell: CellStock, host: HostView, demand: Demand) -> tuple[int, int, int]:
    """Order cells: those whose free devices this guest does not want come last, the fullest of the others first."""
    wanted = {device.device_class for device in demand.devices}
    idle = sum(d.cell == cell.id and d.server is None and d.device_class not in wanted for d in host.devices)
    return idle, threads.free(cell)[0], cell.memory_mib - cell.memory_used


def _place(host: HostView, demand: Demand, cells: Sequence[CellStock], devices: Sequence[DeviceStock]) -> Place:
    return Place(
        host=host.id,
        cells=tuple(_cell(cell, want, demand) for cell, want in zip(cells, demand.cells, strict=True)),
        devices=tuple(device.address for device in devices),
    )


def _cell(cell: CellStock, want: CellDemand, demand: Demand) -> CellPlace:
    cpus, kept = threads.pick(cell, want.dedicated, demand.threads)
    return CellPlace(cell=cell.id, cpus=cpus, kept=kept, memory_mib=want.memory_mib, page_kib=demand.page_kib)
