"""Cells: each of the guest's NUMA cells finds one of the host's for itself, with CPUs, memory and pages."""

import itertools
from collections.abc import Iterator, Sequence

from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, CellDemand, CellStock, Demand, Fall, HostView, Threads


def cpus(cell: CellStock, threads: Threads) -> int:
    """Give how many dedicated vCPUs a host's cell can still take, by what they want of hardware threads."""
    whole = [core for core in cell.cores if not cell.taken.intersection(core)]
    if threads is Threads.ISOLATE:
        return len(whole)
    if threads is Threads.REQUIRE:
        return sum(len(core) for core in whole if len(core) > 1)
    return sum(cpu not in cell.taken for core in cell.cores for cpu in core)


def memory(cell: CellStock, page_kib: int) -> int:
    """Give the MiB that a host's cell can still take, in pages of that size."""
    if not page_kib:
        return cell.memory_mib - cell.memory_used
    return (cell.pages.get(page_kib, 0) - cell.pages_used.get(page_kib, 0)) * page_kib // 1024


def choices(host: HostView, demand: Demand) -> Iterator[frozenset[int]]:
    """Give the sets of the host's cells that could hold the guest's, one each; the empty set for one without cells."""
    rooms = [_rooms(host, cell, demand) for cell in demand.cells]
    for chosen in itertools.combinations([cell.id for cell in host.cells], len(rooms)):
        if _matched([room.intersection(chosen) for room in rooms]):
            yield frozenset(chosen)


def _rooms(host: HostView, want: CellDemand, demand: Demand) -> frozenset[int]:
    return frozenset(cell.id for cell in host.cells if _holds(cell, want, demand))


def _holds(cell: CellStock, want: CellDemand, demand: Demand) -> bool:
    return want.dedicated <= cpus(cell, demand.threads) and want.memory_mib <= memory(cell, demand.page_kib)


def _matched(rooms: Sequence[frozenset[int]]) -> bool:
    """Say whether each can have one of its rooms for itself; the one with the fewest chooses first."""
    if not rooms:
        return True
    first, *others = sorted(rooms, key=len)
    return any(_matched([room - {one} for room in others]) for one in first)


def _reason(host: HostView, ask: Ask) -> Reason | None:
    demand = ask.demand
    if next(choices(host, demand), None) is not None:
        return None
    if len(host.cells) < len(demand.cells):
        return Reason("cells", f"needs {len(demand.cells)} NUMA cells, has {len(host.cells)}")
    for want in demand.cells:
        if not _rooms(host, want, demand):
            return _missing(host, want, demand)
    return Reason("cells", f"has no {len(demand.cells)} NUMA cells with room, one for each of the guest's")


def _missing(host: HostView, want: CellDemand, demand: Demand) -> Reason:
    """Say what no cell of the host has for one of the guest's."""
    most = max(cpus(cell, demand.threads) for cell in host.cells)
    if most < want.dedicated:
        how = f" by thread policy {demand.threads}" if demand.threads is not Threads.PREFER else ""
        return Reason("cell-cpus", f"needs {want.dedicated} dedicated CPUs in a NUMA cell, the best has {most}{how}")
    room = max(memory(cell, demand.page_kib) for cell in host.cells)
    if room < want.memory_mib:
        code, kind = ("cell-pages", f" in pages of {demand.page_kib} KiB") if demand.page_kib else ("cell-memory", "")
        return Reason(code, f"needs {want.memory_mib} MiB{kind} in a NUMA cell, the best has {room}")
    return Reason("cells", "has no NUMA cell with both the CPUs and the memory")


CELLS = Filter(Fall.CELLS, _reason, "lacks room in a NUMA cell", "lack room in a NUMA cell")
