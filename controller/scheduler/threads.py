"""Dedicated CPUs of a host's cell, by what a guest wants of hardware threads."""

from typing import NamedTuple

from controller.scheduler.terms import CellStock, Threads


class Picked(NamedTuple):
    """CPUs for dedicated vCPUs in their order, and CPUs that stay empty beside them."""

    cpus: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()


def free(cell: CellStock) -> tuple[int, int, int]:
    """Count the CPUs that one guest could have here, by thread policy in the order of ``Threads``."""
    whole = _whole(cell)
    loose = sum(map(len, cell.cores)) - len(cell.taken)
    return loose, len(whole), sum(len(core) for core in whole if len(core) > 1)


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
        cpus = [cpu for core in whole if len(core) > 1 for cpu in core]
        return Picked(tuple(cpus[:wanted]), _rest(whole, cpus[:wanted]))
    return Picked(_preferred(cell, whole, wanted))


def _whole(cell: CellStock) -> list[tuple[int, ...]]:
    taken = cell.taken
    return [core for core in cell.cores if taken.isdisjoint(core)] if taken else list(cell.cores)


def _rest(whole: list[tuple[int, ...]], cpus: list[int]) -> tuple[int, ...]:
    """Give what is left of the cores that these CPUs are of."""
    used = set(cpus)
    return tuple(cpu for core in whole if not used.isdisjoint(core) for cpu in core if cpu not in used)


def _preferred(cell: CellStock, whole: list[tuple[int, ...]], wanted: int) -> tuple[int, ...]:
    cpus: list[int] = []
    for core in whole:
        if len(cpus) + len(core) <= wanted:
            cpus += core
    used = cell.taken.union(cpus)
    broken = [cpu for core in cell.cores if not cell.taken.isdisjoint(core) for cpu in core if cpu not in used]
    others = [cpu for core in whole for cpu in core if cpu not in used]
    return tuple((cpus + broken + others)[:wanted])
