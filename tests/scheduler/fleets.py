"""Fleets and requests by seed: small hosts of all kinds, that fill up soon."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from msgspec.structs import replace

from controller.scheduler.score import Policy, Weights
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
    Threads,
    Together,
)

TRAITS = ("AVX2", "SSD", "TPM")
FEATURES = ("uefi", "pages")
ZONES = ("east", "west", "tenant", "fast")
CLASSES = ("gpu", "nic")
PAGES = (2048, 1048576)
RATIOS = (1.0, 1.5, 2.0)


def some(chance: Random, names: tuple[str, ...], likely: float) -> frozenset[str]:
    return frozenset(name for name in names if chance.random() < likely)


def policy(chance: Random) -> Policy:
    """Give one of the shipped kinds, or one with a weight on all."""
    weights = chance.choice((Weights(), Weights(servers=0.3, busy=0.7, disk=1.0)))
    return Policy(spread=chance.random() < 0.3, weights=weights)


def hosts(chance: Random) -> Iterator[HostView]:
    """Give 3 to 12 hosts in no order; some are twins of the one before, so that there are ties."""
    last = None
    for number in chance.sample(range(20), chance.randint(3, 12)):
        twin = chance.random() < 0.4
        last = replace(last, id=f"h{number:02}", name=f"host-{number}") if last and twin else host(chance, number)
        yield last


def host(chance: Random, number: int) -> HostView:
    """Give a host. Its PCPU are the CPUs of its cells, as the ledger has it."""
    cells = tuple(cells_of(chance))
    ratio = chance.choice(RATIOS)
    memory = sum(cell.memory_mib for cell in cells) or chance.choice((4096, 8192, 12288))
    stocks = {
        "VCPU": Stock(chance.choice((4, 8, 16)), chance.choice((0, 0, 3))),
        "PCPU": Stock(sum(len(core) for cell in cells for core in cell.cores), sum(len(cell.taken) for cell in cells)),
        "MEMORY_MB": Stock(int(memory * ratio), sum(cell.memory_used for cell in cells)),
        "DISK_GB": Stock(chance.choice((40, 100, 300))),
        "CUSTOM_LICENCE": Stock(chance.choice((0, 1, 4))),
    }
    return HostView(
        id=f"h{number:02}",
        name=f"host-{number}",
        generation=chance.randrange(9),
        stocks={name: stock for name, stock in stocks.items() if stock.capacity},
        shut="" if chance.random() < 0.9 else "down",
        memory_ratio=ratio,
        overhead_mib=chance.choice((0, 0, 96)),
        cells=cells,
        devices=tuple(devices_of(chance, cells)),
        features=some(chance, FEATURES, 0.8),
        traits=some(chance, TRAITS, 0.6),
        aggregates=some(chance, ZONES, 0.5),
        servers=chance.choice((0, 0, 2)),
        busy=chance.choice((0, 0, 1)),
    )


def cells_of(chance: Random) -> Iterator[CellStock]:
    """Give cells with hardware threads or without, or with cores of both kinds; ids may have gaps."""
    widths = chance.choice(((1,), (2,), (1, 2), (1, 2), (2, 4)))
    cpu, ids = 0, sorted(chance.sample(range(5), chance.choice((0, 1, 2, 2, 3))))
    for cell in ids:
        cores = list[tuple[int, ...]]()
        while sum(map(len, cores)) < chance.choice((0, 2, 4, 5)):
            width = chance.choice(widths)
            cores.append(tuple(range(cpu, cpu + width)))
            cpu += width
        cpus = [cpu for core in cores for cpu in core]
        pages = {size: chance.choice((0, 1, 2) if size > 2048 else (0, 256, 1024)) for size in PAGES}
        yield CellStock(
            id=cell,
            socket=cell // 3,
            cores=tuple(cores),
            taken=frozenset(cpu for cpu in cpus if chance.random() < 0.1),
            memory_mib=chance.choice((2048, 4096, 8192)),
            memory_used=chance.choice((0, 0, 1024)),
            pages=pages if chance.random() < 0.7 else {},
        )


def devices_of(chance: Random, cells: tuple[CellStock, ...]) -> Iterator[DeviceStock]:
    for slot in range(chance.choice((0, 0, 2, 3, 4))):
        yield DeviceStock(
            address=f"0000:{slot:02x}:00.0",
            device_class=chance.choice(CLASSES),
            cell=chance.choice([None, *(cell.id for cell in cells)]),
            server="another" if chance.random() < 0.15 else None,
        )


def demand(chance: Random) -> Demand:
    """Give a request of one of many kinds; half of them are plain."""
    cells = tuple(cell_demands(chance)) if chance.random() < 0.5 else ()
    devices = tuple(device_demands(chance)) if chance.random() < 0.3 else ()
    return Demand(
        shared=sum(cell.shared for cell in cells) if cells else chance.choice((1, 1, 2, 4)),
        dedicated=sum(cell.dedicated for cell in cells),
        memory_mib=sum(cell.memory_mib for cell in cells) if cells else chance.choice((256, 512, 1000, 2048)),
        disk_gib=chance.choice((0, 1, 10, 20)),
        threads=chance.choice(tuple(Threads)),
        page_kib=chance.choice((0, 0, *PAGES)) if cells else 0,
        locked=bool(devices) or chance.random() < 0.1,
        cells=cells,
        devices=devices,
        resources=(("CUSTOM_LICENCE", 1),) if chance.random() < 0.1 else (),
        traits=some(chance, TRAITS, 0.1),
        forbidden=some(chance, TRAITS, 0.05),
        features=some(chance, FEATURES, 0.2),
        aggregates=tuple(some(chance, ZONES, 0.5) for _ in range(chance.choice((0, 0, 0, 1, 2)))),
        outside=some(chance, ZONES, 0.05),
        spread=chance.choice((None, None, None, True, False)),
    )


def cell_demands(chance: Random) -> Iterator[CellDemand]:
    mixed = chance.random() < 0.3
    alone = chance.random() < 0.7
    for _ in range(chance.choice((1, 1, 2, 2, 3))):
        count = chance.choice((1, 1, 2, 3))
        dedicated = chance.randint(0, count) if mixed else count * alone
        yield CellDemand(count - dedicated, dedicated, chance.choice((256, 512, 1000, 1024)))


def device_demands(chance: Random) -> Iterator[DeviceDemand]:
    for name in chance.choice((("gpu",), ("nic",), CLASSES, ("gpu", "gpu"))):
        yield DeviceDemand(name, chance.choice((1, 1, 1, 2)), chance.choice(tuple(Near)))


@dataclass
class Requests:
    """The requests to one fleet: mostly of a few kinds that come again and again."""

    chance: Random
    hosts: tuple[str, ...]

    def __post_init__(self) -> None:
        self.usual = [demand(self.chance) for _ in range(8)]
        policies = (*Together, Together.ANTI_AFFINITY)
        self.groups = [GroupAsk(f"g{n}", kind, 1 + n // len(Together)) for n, kind in enumerate(policies)]
        self.asked = 0

    def demand(self) -> Demand:
        return self.chance.choice(self.usual) if self.chance.random() < 0.8 else demand(self.chance)

    def ask(self) -> Ask:
        chance = self.chance
        self.asked += 1
        return Ask(
            server=f"s{self.asked}",
            demand=self.demand(),
            seed=chance.getrandbits(64),
            only=some(chance, self.hosts, 0.5) if chance.random() < 0.1 else None,
            never=some(chance, self.hosts, 0.3) if chance.random() < 0.1 else frozenset(),
            group=chance.choice(self.groups) if chance.random() < 0.3 else None,
        )
