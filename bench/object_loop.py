"""What the scheduler is measured against: an object per host, and a loop that asks it every filter.

Filters are functions, one for each rule, asked one after another until one says no: as schedulers are written. It is no
straw man: slots instead of dictionaries, what is free kept as numbers, cheap filters first, no filter that has nothing
to do for this server. It takes any demand whose guest has one cell at most and wants its devices in that cell.
"""

from collections.abc import Callable, Iterable, Iterator

from controller.scheduler.terms import Ask, Demand, HostView


class Cell:
    """A cell of a host: what is free."""

    __slots__ = ("cpus", "devices", "memory")

    def __init__(self, cpus: int, memory: int, devices: dict[str, int]) -> None:
        self.cpus, self.memory, self.devices = cpus, memory, devices


class Host:
    """A host: what is free, and what it is."""

    __slots__ = (
        "aggregates",
        "capacity",
        "cells",
        "cpus",
        "dedicated",
        "disk",
        "features",
        "groups",
        "id",
        "memory",
        "overhead",
        "ratio",
        "resources",
        "servers",
        "shut",
        "traits",
    )

    def __init__(self, view: HostView) -> None:
        free = {name: stock.capacity - stock.used for name, stock in view.stocks.items()}
        self.capacity = tuple(view.stocks[name].capacity for name in ("VCPU", "MEMORY_MB", "DISK_GB"))
        self.id, self.shut, self.servers = view.id, bool(view.shut), view.servers
        self.cpus, self.memory, self.disk = free["VCPU"], free["MEMORY_MB"], free["DISK_GB"]
        self.dedicated, self.resources = free.get("PCPU", 0), free
        self.overhead, self.ratio = view.overhead_mib, view.memory_ratio
        self.features, self.traits, self.aggregates = view.features, view.traits, view.aggregates
        self.groups = dict(view.groups)
        self.cells = [
            Cell(
                sum(map(len, cell.cores)) - len(cell.taken),
                cell.memory_mib - cell.memory_used,
                _devices(view, cell.id),
            )
            for cell in view.cells
        ]

    def cell(self, demand: Demand) -> Cell | None:
        """Give the first cell that has the guest's CPUs, memory and devices."""
        wanted = demand.cells[0]
        for cell in self.cells:
            if cell.cpus >= wanted.dedicated and cell.memory >= wanted.memory_mib:
                for device in demand.devices:
                    if cell.devices.get(device.device_class, 0) < device.count:
                        break
                else:
                    return cell
        return None

    def change(self, ask: Ask, cell: Cell | None, servers: int) -> None:
        """Take a server in (1), or let it go (-1)."""
        demand = ask.demand
        self.cpus -= servers * demand.shared
        self.dedicated -= servers * demand.dedicated
        self.memory -= servers * (demand.memory_mib + self.overhead)
        self.disk -= servers * demand.disk_gib
        self.servers += servers
        if ask.group:
            self.groups[ask.group.id] = self.groups.get(ask.group.id, 0) + servers
        if cell:
            cell.cpus -= servers * demand.dedicated
            cell.memory -= servers * demand.memory_mib
            for device in demand.devices:
                cell.devices[device.device_class] -= servers * device.count


def is_open(host: Host, ask: Ask) -> bool:
    """Say whether it takes new servers."""
    return not host.shut


def has_features(host: Host, ask: Ask) -> bool:
    """Say whether it can do what the guest needs."""
    return ask.demand.features <= host.features


def has_traits(host: Host, ask: Ask) -> bool:
    """Say whether it has the traits, and none that are forbidden."""
    demand, traits = ask.demand, host.traits
    return demand.traits <= traits and demand.forbidden.isdisjoint(traits)


def is_in_aggregates(host: Host, ask: Ask) -> bool:
    """Say whether it is where it is to be, and nowhere else."""
    demand, aggregates = ask.demand, host.aggregates
    for some in demand.aggregates:
        if some.isdisjoint(aggregates):
            return False
    return demand.outside.isdisjoint(aggregates)


def has_cpus(host: Host, ask: Ask) -> bool:
    """Say whether CPUs are left."""
    demand = ask.demand
    return host.cpus >= demand.shared and host.dedicated >= demand.dedicated


def has_memory(host: Host, ask: Ask) -> bool:
    """Say whether memory is left, for QEMU too."""
    demand = ask.demand
    need = demand.memory_mib * host.ratio if demand.locked else demand.memory_mib
    return host.memory - host.overhead >= need


def has_disk(host: Host, ask: Ask) -> bool:
    """Say whether disk is left."""
    return host.disk >= ask.demand.disk_gib


def has_resources(host: Host, ask: Ask) -> bool:
    """Say whether there is enough of all else."""
    return all(host.resources.get(name, 0) >= amount for name, amount in ask.demand.resources)


def has_cell(host: Host, ask: Ask) -> bool:
    """Say whether one cell has CPUs, memory and devices."""
    demand = ask.demand
    wanted = demand.cells[0]
    cpus, memory = wanted.dedicated, wanted.memory_mib
    for cell in host.cells:
        if cell.cpus >= cpus and cell.memory >= memory:
            for device in demand.devices:
                if cell.devices.get(device.device_class, 0) < device.count:
                    break
            else:
                return True
    return False


def is_hinted(host: Host, ask: Ask) -> bool:
    """Say whether the hints allow it."""
    return (ask.only is None or host.id in ask.only) and host.id not in ask.never


def is_apart(host: Host, ask: Ask) -> bool:
    """Say whether the server's group allows one more member here."""
    group = ask.group
    return group is None or host.groups.get(group.id, 0) < group.limit


def left(host: Host, ask: Ask) -> float:
    """Say what is left here: used hosts first, then the fullest."""
    demand, (cpus, memory, disk) = ask.demand, host.capacity
    share = (host.cpus - demand.shared) / cpus + (host.memory - demand.memory_mib) / memory
    share += (host.disk - demand.disk_gib) / disk
    return share if host.servers else share + 8


Filter = Callable[[Host, Ask], bool]


def filters(ask: Ask) -> Iterator[Filter]:
    """Give the filters that may say no to this server, the cheap ones first."""
    demand = ask.demand
    yield is_open
    if demand.features:
        yield has_features
    if demand.traits or demand.forbidden:
        yield has_traits
    if demand.aggregates or demand.outside:
        yield is_in_aggregates
    yield from (has_cpus, has_memory, has_disk)
    if demand.resources:
        yield has_resources
    if demand.cells:
        yield has_cell
    if ask.only is not None or ask.never:
        yield is_hinted
    if ask.group is not None:
        yield is_apart


class Loop:
    """Hosts in a list."""

    def __init__(self, views: Iterable[HostView]) -> None:
        self.hosts = [Host(view) for view in views]

    def decide(self, ask: Ask) -> tuple[Host, Cell | None] | None:
        """Choose the best host for a server, and claim it."""
        asked = list(filters(ask))
        best, least = None, float("inf")
        for host in self.hosts:
            for one in asked:
                if not one(host, ask):
                    break
            else:
                score = left(host, ask)
                if score < least:
                    best, least = host, score
        if best is None:
            return None
        cell = best.cell(ask.demand) if ask.demand.cells else None
        best.change(ask, cell, 1)
        return best, cell


def _devices(view: HostView, cell: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for device in view.devices:
        if device.cell == cell and device.server is None:
            found[device.device_class] = found.get(device.device_class, 0) + 1
    return found
