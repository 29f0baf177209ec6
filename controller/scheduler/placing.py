"""The exact place on one host: which cell for each cell of the guest, which CPUs, which devices."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

from controller.scheduler import claims, threads
from controller.scheduler.matching import match
from controller.scheduler.nearness import Given, Idle
from controller.scheduler.terms import CellDemand, CellPlace, CellStock, Demand, HostView, Place


def find(host: HostView, demand: Demand) -> Place | None:
    """Choose cells, CPUs and devices of a host that has enough as a whole; None: they are not to be had together.

    Where there are several ways, that with the nearest devices is taken, then that which uses the fullest cells.
    """
    idle = Idle(host)
    best: tuple[Sequence[CellStock], Given] | None = None
    for cells in _choices(host, demand, idle):
        given = idle.nearest(demand.devices, cells)
        if given is not None and (best is None or given.far < best[1].far):
            best = cells, given
            if not given.far:
                break
    if best is None:
        return None
    cells, given = best
    places = tuple(_cell(cell, want, demand) for cell, want in zip(cells, demand.cells, strict=True))
    return Place(host=host.id, cells=places, devices=given.devices)


def fits(cell: CellStock, want: CellDemand, demand: Demand) -> bool:
    """Say whether a cell of the guest could go to this cell of a host."""
    return has_memory(cell, want.memory_mib, demand.page_kib) and (
        not want.dedicated or want.dedicated <= threads.most(cell, demand.threads)
    )


def has_memory(cell: CellStock, memory_mib: int, page_kib: int) -> bool:
    """Say whether a cell has so much memory left, in pages of that size or (0) in ordinary ones."""
    if not page_kib:
        return cell.memory_mib - cell.memory_used >= memory_mib
    left = cell.pages.get(page_kib, 0) - cell.pages_used.get(page_kib, 0)
    return left >= claims.pages(memory_mib, page_kib)


def _choices(host: HostView, demand: Demand, idle: Idle) -> Iterator[Sequence[CellStock]]:
    """Give each choice of cells that holds the guest's, in their order; those that spare devices and room come first.

    Of the ways to put the guest's on the same cells one is given: what is near does not depend on which is whose.
    """
    if not demand.cells:
        yield ()
        return
    cells = _sparing(host, demand, idle)
    rooms = [[number for number, cell in enumerate(cells) if fits(cell, want, demand)] for want in demand.cells]
    if len(rooms) == 1:
        yield from ([cells[number]] for number in rooms[0])
        return
    useful = sorted({number for room in rooms for number in room})
    for chosen in combinations(useful, len(rooms)):
        matched = match([[number for number in room if number in chosen] for room in rooms])
        if matched is not None:
            yield [cells[number] for number in matched]


def _sparing(host: HostView, demand: Demand, idle: Idle) -> list[CellStock]:
    """Order a host's cells: last those with free devices that this guest has no use for, first the fullest."""
    wanted = {device.device_class for device in demand.devices}
    spare = Counter([device.cell for device in idle.free if device.device_class not in wanted])
    return sorted(
        host.cells,
        key=lambda cell: (spare[cell.id], threads.loose(cell), cell.memory_mib - cell.memory_used),
    )


def _cell(cell: CellStock, want: CellDemand, demand: Demand) -> CellPlace:
    cpus, kept = threads.pick(cell, want.dedicated, demand.threads) if want.dedicated else threads.NONE
    return CellPlace(cell=cell.id, cpus=cpus, kept=kept, memory_mib=want.memory_mib, page_kib=demand.page_kib)
