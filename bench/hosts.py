"""Fleets for measuring decisions: hosts partly filled, and what servers ask of them."""

import random
from collections.abc import Iterator, Sequence

from controller.scheduler.terms import (
    Ask,
    CellDemand,
    CellStock,
    Demand,
    DeviceDemand,
    DeviceStock,
    GroupAsk,
    HostView,
    Near,
    Stock,
    Together,
)

CPUS, MEMORY_MIB, DISK_GIB = 512, 262144, 4000
"""Of a host: 128 CPUs, each promised four times."""
FILLED = 0.6
"""The share of each host that others use on the mean when measuring begins."""
SIZES = ((1, 2), (2, 4), (4, 8), (8, 16), (2, 8), (4, 16), (8, 32), (16, 64))
"""vCPUs and GiB."""
DISKS = (10, 40, 100)
"""GiB."""
GPU = "pci:10de:20b5"
CORES = 24
"""Of each cell, two threads each, for dedicated CPUs."""
GPUS = 4
"""In each cell of a host that has any."""


def simple(count: int, seed: int = 1) -> Iterator[HostView]:
    """Make hosts without cells."""
    chance = random.Random(seed)
    for number in range(count):
        yield HostView(id=f"h{number:06}", name=f"h{number}", generation=1, stocks=_stocks(chance), servers=1)


def heavy(count: int, seed: int = 1) -> Iterator[HostView]:
    """Make hosts of two cells, nine of ten with a trait, nine of ten with devices."""
    chance = random.Random(seed)
    for number in range(count):
        cells = tuple(_cell(cell, chance) for cell in range(2))
        used = sum(len(cell.taken) for cell in cells)
        yield HostView(
            id=f"h{number:06}",
            name=f"h{number}",
            generation=1,
            stocks=_stocks(chance) | {"PCPU": Stock(4 * CORES, used)},
            servers=1,
            cells=cells,
            devices=tuple(_devices(chance)) if chance.random() < 0.9 else (),
            traits=frozenset({"HW_CPU_X86_AVX512F"} if chance.random() < 0.9 else ()),
        )


def simple_demands() -> list[Demand]:
    """Give 24 kinds of servers: eight sizes with three sizes of disk."""
    return [Demand(shared=cpus, memory_mib=gib * 1024, disk_gib=disk) for cpus, gib in SIZES for disk in DISKS]


def heavy_demands() -> list[Demand]:
    """Give 24 kinds: dedicated CPUs in one cell with devices near to it, a trait; eight sizes with three of disk."""
    return [
        Demand(
            shared=0,
            dedicated=cpus,
            memory_mib=gib * 1024,
            disk_gib=disk,
            cells=(CellDemand(0, cpus, gib * 1024),),
            devices=(DeviceDemand(GPU, 1, Near.REQUIRED),),
            traits=frozenset({"HW_CPU_X86_AVX512F"}),
        )
        for cpus, gib in SIZES
        for disk in DISKS
    ]


def asks(demands: Sequence[Demand], groups: int = 0, seed: int = 2) -> Iterator[Ask]:
    """Give servers without an end; with groups, each is in one whose members want hosts of their own."""
    chance = random.Random(seed)
    for number in range(10**9):
        ask = Ask(f"s{number}", chance.choice(demands), seed=chance.getrandbits(32))
        group = GroupAsk(f"g{chance.randrange(groups)}", Together.ANTI_AFFINITY) if groups else None
        yield ask._replace(group=group)


def _stocks(chance: random.Random) -> dict[str, Stock]:
    capacities = {"VCPU": CPUS, "MEMORY_MB": MEMORY_MIB, "DISK_GB": DISK_GIB}
    return {name: Stock(capacity, _used(chance, capacity)) for name, capacity in capacities.items()}


def _used(chance: random.Random, capacity: int) -> int:
    return int(capacity * min(1.0, max(0.0, chance.gauss(FILLED, 0.2))))


def _cell(number: int, chance: random.Random) -> CellStock:
    cores = tuple((number * 64 + core, number * 64 + core + CORES) for core in range(CORES))
    taken = frozenset(cpu for core in cores if chance.random() < FILLED for cpu in core)
    memory = MEMORY_MIB // 2
    return CellStock(
        id=number, socket=number, cores=cores, taken=taken, memory_mib=memory, memory_used=_used(chance, memory)
    )


def _devices(chance: random.Random) -> Iterator[DeviceStock]:
    for cell in range(2):
        for number in range(GPUS):
            server = "another" if chance.random() < FILLED else None
            yield DeviceStock(address=f"0000:{cell}{number}:00.0", device_class=GPU, cell=cell, server=server)
