"""Cells: each of the guest's NUMA cells finds one of the host's for itself, with CPUs, memory and pages."""

from controller.scheduler import cell_room, placing
from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.matching import match
from controller.scheduler.terms import Ask, CellDemand, Demand, Fall, HostView, Threads


def _reason(host: HostView, ask: Ask) -> Reason | None:
    demand = ask.demand
    rooms = [[cell.id for cell in host.cells if placing.fits(cell, want, demand)] for want in demand.cells]
    if match(rooms) is not None:
        return None
    if len(host.cells) < len(rooms):
        return Reason("cells", f"needs {len(rooms)} NUMA cells, has {len(host.cells)}")
    for want, room in zip(demand.cells, rooms, strict=True):
        if not room:
            return _missing(host, want, demand)
    return Reason("cells", f"has no {len(rooms)} NUMA cells with room, one for each of the guest's")


def _missing(host: HostView, want: CellDemand, demand: Demand) -> Reason:
    """Say what no cell of the host has for one of the guest's."""
    most = max(cell_room.cpus(cell, demand.threads) for cell in host.cells)
    if most < want.dedicated:
        how = f" by thread policy {demand.threads}" if demand.threads is not Threads.PREFER else ""
        return Reason("cell-cpus", f"needs {want.dedicated} dedicated CPUs in a NUMA cell, the best has {most}{how}")
    room = max(cell_room.memory(cell, demand.page_kib) for cell in host.cells)
    if room < want.memory_mib:
        code, kind = ("cell-pages", f" in pages of {demand.page_kib} KiB") if demand.page_kib else ("cell-memory", "")
        return Reason(code, f"needs {want.memory_mib} MiB{kind} in a NUMA cell, the best has {room}")
    return Reason("cells", "has no NUMA cell with both the CPUs and the memory")


CELLS = Filter(Fall.CELLS, _reason, "lacks room in a NUMA cell", "lack room in a NUMA cell")
