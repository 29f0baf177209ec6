"""What is judged for many hosts at once is what is judged for one: filters, scores and places agree, under churn."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from controller.scheduler import placing
from controller.scheduler.filters import reasons
from controller.scheduler.fleet import Fleet
from controller.scheduler.score import Policy, Weights
from controller.scheduler.terms import (
    Ask,
    CellDemand,
    CellStock,
    Demand,
    DeviceDemand,
    DeviceStock,
    Fall,
    GroupAsk,
    HostView,
    Near,
    Place,
    Stock,
    Threads,
    Together,
)

TRAITS = ("A", "B")
ZONES = ("1", "2", "3")


def some(chance: random.Random, of: tuple[str, ...]) -> frozenset[str]:
    return frozenset(one for one in of if chance.random() < 0.6)


def cells(chance: random.Random) -> Iterator[CellStock]:
    for number in range(chance.choice((0, 1, 2, 2, 4))):
        threads = chance.choice((1, 2, 2))
        cores = tuple(tuple(100 * number + 10 * core + thread for thread in range(threads)) for core in range(4))
        yield CellStock(
            id=number * 2,
            socket=number // 2,
            cores=cores,
            taken=frozenset(cpu for core in cores for cpu in core if chance.random() < 0.2),
            memory_mib=4096,
            memory_used=chance.randrange(2048),
            pages={2048: chance.randrange(1500), 1048576: 2} if chance.random() < 0.7 else {},
            pages_used={},
        )


def host(number: int, chance: random.Random) -> HostView:
    there = tuple(cells(chance))
    places = [None, 99, *(cell.id for cell in there)]
    pinned = sum(len(core) for cell in there for core in cell.cores)
    used = sum(len(cell.taken) for cell in there)
    stocks = {
        "VCPU": Stock(chance.choice((4, 16)), chance.randrange(3)),
        "PCPU": Stock(pinned, used),
        "MEMORY_MB": Stock(16384, chance.randrange(4096)),
        "DISK_GB": Stock(100, chance.randrange(50)),
    }
    if chance.random() < 0.5:
        stocks["CUSTOM_R"] = Stock(8, chance.randrange(4))
    devices = (
        DeviceStock(
            address=f"{number}:{n}",
            device_class=chance.choice(("gpu", "nic")),
            cell=chance.choice(places),
            server=chance.choice((None, None, "x")),
        )
        for n in range(chance.randrange(6))
    )
    return HostView(
        id=f"h{number:03}",
        name=f"h{number}",
        generation=1,
        stocks=stocks,
        shut=chance.choice(("", "", "", "", "down")),
        memory_ratio=chance.choice((1.0, 1.5)),
        overhead_mib=chance.choice((0, 100)),
        cells=there,
        devices=tuple(devices),
        features=some(chance, TRAITS),
        traits=some(chance, TRAITS),
        aggregates=some(chance, ZONES),
        groups={"g1": 1} if chance.random() < 0.2 else {},
        servers=chance.randrange(2),
    )


def demand(chance: random.Random) -> Demand:
    wanted = tuple(
        CellDemand(chance.randrange(3), chance.randrange(3), 512 * chance.randrange(1, 4))
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3)))
    )
    if len(wanted) > 1 and chance.random() < 0.5:
        wanted = (wanted[0],) * len(wanted)
    devices = tuple(
        DeviceDemand(chance.choice(("gpu", "nic")), chance.choice((1, 1, 2)), chance.choice(tuple(Near)))
        for _ in range(chance.choice((0, 0, 1, 2, 3)))
    )
    return Demand(
        shared=sum(cell.shared for cell in wanted) or 1,
        dedicated=sum(cell.dedicated for cell in wanted),
        memory_mib=sum(cell.memory_mib for cell in wanted) or 700,
        disk_gib=chance.randrange(20),
        cells=wanted,
        threads=chance.choice(tuple(Threads)),
        page_kib=chance.choice((0, 0, 2048, 1048576)) if wanted else 0,
        locked=chance.random() < 0.3,
        devices=devices,
        resources=(("CUSTOM_R", 2),) if chance.random() < 0.2 else (),
        traits=frozenset({"A"}) if chance.random() < 0.3 else frozenset(),
        forbidden=frozenset({"B"}) if chance.random() < 0.1 else frozenset(),
        features=frozenset({"A"}) if chance.random() < 0.2 else frozenset(),
        aggregates=(frozenset({"1", "2"}), frozenset({"3"}))[: chance.choice((0, 0, 1, 2))],
        outside=frozenset({"3"}) if chance.random() < 0.1 else frozenset(),
        spread=chance.choice((None, None, True, False)),
    )


def ask(number: int, demands: list[Demand], chance: random.Random, hosts: int) -> Ask:
    names = [f"h{n:03}" for n in range(hosts)]
    group = GroupAsk(f"g{chance.randrange(3)}", chance.choice(tuple(Together)), chance.choice((1, 2)))
    return Ask(
        f"s{number}",
        chance.choice(demands),
        seed=chance.randrange(1000),
        only=frozenset(chance.sample(names, 5)) if chance.random() < 0.1 else None,
        never=frozenset(chance.sample(names, 3)) if chance.random() < 0.2 else frozenset(),
        group=group if chance.random() < 0.5 else None,
    )


def expected(fleet: Fleet, policy: Policy, one: Ask) -> str | None:
    """Decide as the rules are written: every filter, every score, the members of soft groups before them."""
    views = [fleet.view(name) for name in fleet.hosts]
    alone = one.group is not None and not any(view.groups.get(one.group.id) for view in views)
    meant = one._replace(group=None) if alone else one
    fit = [view for view in views if not reasons(view, meant)]
    if not fit:
        return None

    def rank(view: HostView) -> tuple[int, float]:
        here = view.groups.get(meant.group.id, 0) if meant.group else 0
        weight = {Together.SOFT_AFFINITY: -1, Together.SOFT_ANTI_AFFINITY: 1}
        return here * weight.get(meant.group.policy, 0) if meant.group else 0, policy.of(meant.demand, view)

    best = min(map(rank, fit))
    ties = [view.id for view in fit if rank(view) == best]
    return ties[one.seed % len(ties)]


def sound(before: HostView, one: Ask, place: Place) -> None:
    """Check that nothing is given that was not free."""
    stock = {cell.id: cell for cell in before.cells}
    assert len({cell.cell for cell in place.cells}) == len(place.cells) == len(one.demand.cells)
    for got, want in zip(place.cells, one.demand.cells, strict=True):
        cpus = (*got.cpus, *got.kept)
        free = {cpu for core in stock[got.cell].cores for cpu in core} - stock[got.cell].taken
        assert len(got.cpus) == want.dedicated
        assert len(set(cpus)) == len(cpus)
        assert free.issuperset(cpus)
        assert placing.has_memory(stock[got.cell], want.memory_mib, one.demand.page_kib)
        if one.demand.threads is not Threads.PREFER:
            cores = [set(core) for core in stock[got.cell].cores if set(core) & set(cpus)]
            assert set().union(*cores) == set(cpus)
    free_devices = {device.address: device.device_class for device in before.devices if device.server is None}
    assert len(set(place.devices)) == len(place.devices)
    counts = Counter(free_devices[address] for address in place.devices)
    assert counts == sum((Counter({d.device_class: d.count}) for d in one.demand.devices), Counter())


@pytest.mark.parametrize("seed", range(12))
def test_decisions_are_those_of_the_rules(seed: int) -> None:
    chance = random.Random(seed)
    policy = Policy(spread=seed % 3 == 0, weights=Weights(servers=0.25, busy=0.125) if seed % 2 else Weights())
    fleet, demands = Fleet(policy), [demand(chance) for _ in range(8)]
    fleet.load(host(number, chance) for number in range(20))
    placed: list[tuple[Ask, Place]] = []
    for number in range(40):
        one = ask(number, demands, chance, 20)
        wanted, place = expected(fleet, policy, one), fleet.decide(one)
        assert (place.host if place else None) == wanted
        if place:
            before = fleet.view(place.host)
            sound(before, one, place)
            fleet.commit(one, place)
            placed.append((one, place))
            if chance.random() < 0.4:
                fleet.release(*placed.pop(chance.randrange(len(placed))))
        if chance.random() < 0.1:
            fleet.load([host(chance.randrange(22), chance)])
            placed = []
        if chance.random() < 0.1:
            falls = Counter(
                next(iter(reasons(fleet.view(name), Ask("s", one.demand))), Fall.NOWHERE) for name in fleet.hosts
            )
            assert fleet.falls(one.demand) == dict(falls)
            assert fleet.count(one.demand) == falls[Fall.NOWHERE]
