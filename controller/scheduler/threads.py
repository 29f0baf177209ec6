"""Dedicated CPUs of a host's cell, by what a guest wants of hardware threads."""

from typing import NamedTuple

from controller.scheduler.terms import CellStock, Threads

Core = tuple[int, ...]
"""A core's hardware threads."""


class Picked(NamedTuple):
    """CPUs for dedicated vCPUs in their order, and CPUs that stay empty beside them."""

    cpus: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()


NONE = Picked()


def loose(cell: CellStock) -> int:
    """Count the dedicated CPUs that nobody has."""
    return sum(map(len, cell.cores)) - len(cell.taken)


def free(cell: CellStock) -> tuple[int, int, int]:
    """Count the CPUs that one guest could have here, by thread policy in the order of ``Threads``."""
    whole = list(map(len, _whole(cell)))
    return loose(cell), len(whole), sum(whole) - whole.count(1)


def most(cell: CellStock, threads: Threads) -> int:
    """Count the CPUs that one guest could have here by one policy."""
    if threads is Threads.PREFER:
        return loose(cell)
    return free(cell)[1 if threads is Threads.ISOLATE else 2]


def pick(cell: CellStock, wanted: int, threads: Threads) -> Picked:
    """Pick CPUs of a cell that has enough of them, as ``free`` counts.

    Preferred: whole cores as long as all of a core is used, then CPUs of cores that are broken already, then of one
    more whole core. Isolated: a core each. Required: core by core.
    """
    whole = _whole(cell)
    if threads is Threads.ISOLATE:
        cores = whole[:wanted]
        return Picked(tuple(core[0] for core in cores), tuple(cpu for core in cores for cpu in core[1:]))
    if threads is Threads.REQUIRE:
        return _required(whole, wanted)
    return _preferred(cell, whole, wanted)


def _whole(cell: CellStock) -> list[Core]:
    """Give the cores of which no thread is in use."""
    apart = cell.taken.isdisjoint
    return [core for core in cell.cores if apart(core)]


def _required(whole: list[Core], wanted: int) -> Picked:
    cpus: list[int] = []
    for core in whole:
        if len(core) > 1 and len(cpus) < wanted:
            cpus += core
    return Picked(tuple(cpus[:wanted]), tuple(cpus[wanted:]))


def _preferred(cell: CellStock, whole: list[Core], wanted: int) -> Picked:
    cpus: list[int] = []
    for core in whole:
        if len(cpus) + len(core) <= wanted:
            cpus += core
    if len(cpus) < wanted:
        used = cell.taken.union(cpus)
        broken = [cpu for core in cell.cores if not cell.taken.isdisjoint(core) for cpu in core if cpu not in used]
        others = [cpu for core in whole for cpu in core if cpu not in used]
        cpus += broken + others
    return Picked(tuple(cpus[:wanted]))
