"""What the scheduler's semantics say, tried out: every assignment of cells, every set of CPUs, every pick of devices.

Slow and plain on purpose. It shares the terms with the scheduler, and nothing else: where the two differ, one is wrong.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations, permutations

from controller.scheduler.terms import (
    Ask,
    CellDemand,
    CellPlace,
    CellStock,
    Demand,
    DeviceDemand,
    DeviceStock,
    Fall,
    HostView,
    Near,
    Place,
    Stock,
    Threads,
    Together,
)

Cores = tuple[tuple[int, ...], ...]


def free(host: HostView, name: str) -> int:
    stock = host.stocks.get(name, Stock(0))
    return stock.capacity - stock.used


def guest_memory(demand: Demand, ratio: float) -> int:
    if demand.page_kib:
        return 0
    return math.ceil(demand.memory_mib * ratio) if demand.locked else demand.memory_mib


def pages(memory_mib: int, page_kib: int) -> int:
    return math.ceil(memory_mib * 1024 / page_kib)


def fall(host: HostView, demand: Demand) -> Fall:
    """Say at what a host falls first; ``NOWHERE``: it fits."""
    zones = host.aggregates
    looks = (
        (Fall.SHUT, not host.shut),
        (Fall.FEATURES, demand.features <= host.features),
        (Fall.TRAITS, demand.traits <= host.traits and not demand.forbidden & host.traits),
        (Fall.AGGREGATES, all(one & zones for one in demand.aggregates) and not demand.outside & zones),
        (Fall.CPUS, demand.shared <= free(host, "VCPU") and demand.dedicated <= free(host, "PCPU")),
        (Fall.MEMORY, guest_memory(demand, host.memory_ratio) + host.overhead_mib <= free(host, "MEMORY_MB")),
        (Fall.DISK, demand.disk_gib <= free(host, "DISK_GB")),
        (Fall.RESOURCES, all(amount <= free(host, name) for name, amount in demand.resources)),
    )
    for where, good in looks:
        if not good:
            return where
    if not any(True for _ in assignments(host, demand)):
        return Fall.CELLS
    if not any(picks for cells in assignments(host, demand) for picks in [near_picks(host, demand, cells)]):
        return Fall.DEVICES
    return Fall.NOWHERE


def assignments(host: HostView, demand: Demand) -> Iterator[tuple[CellStock, ...]]:
    """Give each way to put the guest's cells into as many cells of the host; one way to put none."""
    for cells in permutations(host.cells, len(demand.cells)):
        if all(cell_fits(cell, want, demand) for cell, want in zip(cells, demand.cells, strict=True)):
            yield cells


def cell_fits(cell: CellStock, want: CellDemand, demand: Demand) -> bool:
    return memory_fits(cell, want.memory_mib, demand.page_kib) and bool(
        cpu_choices(cell.cores, cell.taken, want.dedicated, demand.threads)
    )


def memory_fits(cell: CellStock, memory_mib: int, page_kib: int) -> bool:
    if not page_kib:
        return memory_mib <= cell.memory_mib - cell.memory_used
    return pages(memory_mib, page_kib) <= cell.pages.get(page_kib, 0) - cell.pages_used.get(page_kib, 0)


@cache
def cpu_choices(cores: Cores, taken: frozenset[int], count: int, threads: Threads) -> dict[frozenset[int], set[int]]:
    """Give each set of so many CPUs that keeps the thread policy, and the CPUs that are kept empty beside it."""
    left = sorted(cpu for core in cores for cpu in core if cpu not in taken)
    tried = {frozenset(cpus): kept_beside(cores, taken, frozenset(cpus), threads) for cpus in combinations(left, count)}
    return {cpus: kept for cpus, kept in tried.items() if kept is not None}


def kept_beside(cores: Cores, taken: frozenset[int], cpus: frozenset[int], threads: Threads) -> set[int] | None:
    """Give the CPUs kept empty beside these; None: they break the thread policy."""
    untouched = [set(core) for core in cores if not taken & set(core)]
    touched = [set(core) for core in cores if cpus & set(core)]
    beside = {cpu for core in touched for cpu in core} - cpus
    if threads is Threads.PREFER:
        return set() if whole_first(cores, taken, cpus) else None
    if any(core not in untouched for core in touched):
        return None
    if threads is Threads.ISOLATE:
        return beside if all(len(core & cpus) == 1 for core in touched) else None
    partly = [core for core in touched if core - cpus]
    return beside if len(partly) <= 1 and all(len(core) > 1 for core in touched) else None


def whole_first(cores: Cores, taken: frozenset[int], cpus: frozenset[int]) -> bool:
    """Say whether these are whole free cores first, and then no further core is broken while broken ones have CPUs."""
    untouched = [set(core) for core in cores if not taken & set(core)]
    rest = cpus.difference(*(core for core in untouched if core <= cpus))
    could_be_whole = any(len(core) <= len(rest) for core in untouched if not core <= cpus)
    breaks = any(core & rest for core in untouched)
    broken = {cpu for core in cores if taken & set(core) for cpu in core} - taken
    return not could_be_whole and (not breaks or broken <= cpus)


def wants(demand: Demand) -> list[DeviceDemand]:
    return [want for want in demand.devices for _ in range(want.count)]


def suits(device: DeviceStock, want: DeviceDemand, host: HostView, cells: Sequence[CellStock]) -> bool:
    """Say whether a device may go to a guest that has these of the host's cells."""
    if device.server is not None or device.device_class != want.device_class:
        return False
    if not cells or want.near is Near.PREFERRED:
        return True
    inside = device.cell in {cell.id for cell in cells}
    if want.near is Near.SOCKET:
        socket = {cell.id: cell.socket for cell in host.cells}
        return device.cell in socket and socket[device.cell] in {cell.socket for cell in cells}
    return inside or (want.near is Near.LEGACY and device.cell is None)


def near_picks(host: HostView, demand: Demand, cells: Sequence[CellStock]) -> dict[tuple[str, ...], int]:
    """Give each pick of devices that may be had beside these cells, and how many it has inside that prefer to be."""
    asked = wants(demand)
    inside = {cell.id for cell in cells}
    return {
        tuple(device.address for device in picked): sum(
            want.near is Near.PREFERRED and device.cell in inside for device, want in zip(picked, asked, strict=True)
        )
        for picked in permutations(host.devices, len(asked))
        if all(suits(device, want, host, cells) for device, want in zip(picked, asked, strict=True))
    }


def admitted(host: HostView, ask: Ask, members: Mapping[str, int]) -> bool:
    """Say whether the server's hints and its group allow a host. ``members``: of the group, by host."""
    if host.id in ask.never or (ask.only is not None and host.id not in ask.only):
        return False
    if ask.group and ask.group.policy is Together.AFFINITY:
        return not sum(members.values()) or members[host.id] > 0
    if ask.group and ask.group.policy is Together.ANTI_AFFINITY:
        return members[host.id] < ask.group.limit
    return True


def softly(ask: Ask, members: int) -> int:
    """Give what a soft group says of a host with so many members, before any score: the lower, the better."""
    if ask.group and ask.group.policy is Together.SOFT_AFFINITY:
        return -members
    return members if ask.group and ask.group.policy is Together.SOFT_ANTI_AFFINITY else 0


def wrong(host: HostView, demand: Demand, place: Place) -> str:
    """Say what is wrong with a place; empty: nothing."""
    by_id = {cell.id: cell for cell in host.cells}
    chosen = [cell.cell for cell in place.cells]
    if host.id != place.host:
        return "another host"
    if len(chosen) != len(demand.cells) or len({*chosen}) != len(chosen) or not {*chosen} <= {*by_id}:
        return f"cells {chosen}"
    for got, want in zip(place.cells, demand.cells, strict=True):
        if said := wrong_cell(by_id[got.cell], got, want, demand):
            return f"cell {got.cell}: {said}"
    return wrong_devices(host, demand, [by_id[cell] for cell in chosen], place.devices)


def wrong_cell(cell: CellStock, got: CellPlace, want: CellDemand, demand: Demand) -> str:
    if (got.memory_mib, got.page_kib) != (want.memory_mib, demand.page_kib):
        return f"{got.memory_mib} MiB in pages of {got.page_kib} KiB"
    if not memory_fits(cell, got.memory_mib, got.page_kib):
        return "its memory is too small"
    choices = cpu_choices(cell.cores, cell.taken, want.dedicated, demand.threads)
    cpus = frozenset(got.cpus)
    if len(got.cpus) != want.dedicated or cpus not in choices:
        return f"CPUs {got.cpus}"
    if len({*got.kept}) != len(got.kept) or {*got.kept} != choices[cpus]:
        return f"kept {got.kept} beside {got.cpus}"
    together = demand.threads is not Threads.REQUIRE or core_by_core(cell.cores, got.cpus)
    return "" if together else f"CPUs {got.cpus} mix cores"


def core_by_core(cores: Cores, cpus: Sequence[int]) -> bool:
    """Say whether all CPUs of a core come before those of the next, and only the last core has a rest."""
    order = list(dict.fromkeys(core for cpu in cpus for core in cores if cpu in core))
    start = 0
    for core in order:
        part = cpus[start : start + len(core)]
        if not {*part} <= {*core} or (len(part) < len(core) and core != order[-1]):
            return False
        start += len(part)
    return start == len(cpus)


def wrong_devices(host: HostView, demand: Demand, cells: Sequence[CellStock], got: Sequence[str]) -> str:
    picks = near_picks(host, demand, cells)
    ways = [inside for picked, inside in picks.items() if {*picked} == {*got} and len(picked) == len(got)]
    if not ways:
        return f"devices {got}"
    return "" if max(ways) == max(picks.values()) else f"devices {got} are farther than they need be"
