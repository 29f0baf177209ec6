"""Fragmentation: how many servers of a kind could still land, beside how many the free amounts would hold in one piece.

NUMA cells, dedicated CPUs, pages and devices count as they do in a decision.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from common import resources
from controller.scheduler import cell_room, claims, placing
from controller.scheduler.filters import reasons
from controller.scheduler.filters.amounts import free
from controller.scheduler.fleet import Fleet
from controller.scheduler.terms import Ask, CellStock, Demand, Fall, HostView, Threads


class Landing(NamedTuple):
    """How many of a kind land on each host, by its id, and how many its hosts' free amounts would hold as one host."""

    hosts: Mapping[str, int]
    held: int

    @property
    def lands(self) -> int:
        """Give how many land."""
        return sum(self.hosts.values())

    @property
    def fragmentation(self) -> float:
        """Give the share, from 0 to 1, of what is free in the right amounts and yet in the wrong places."""
        return 1 - min(1.0, self.lands / self.held) if self.held else 0.0


def landing(fleet: Fleet, demand: Demand) -> Landing:
    """Measure a fleet. Hosts that do not take such servers for what they are (shut, another zone) do not count."""
    ask = Ask("", demand)
    fell = {one.fall: one.hosts for one in fleet.inquiry().fallen(ask, len(fleet.hosts))}
    fitting = fell.pop(Fall.NOWHERE, ())
    open_ = [host for fall, hosts in fell.items() if fall > Fall.AGGREGATES for host in hosts]
    views = [fleet.view(host) for host in (*fitting, *open_)]
    return Landing({host: copies(fleet.view(host), demand) for host in sorted(fitting)}, _held(views, demand))


def copies(host: HostView, demand: Demand) -> int:
    """Give how many servers that demand this a host could take beside those that it has."""
    if reasons(host, Ask("", demand)):
        return 0
    if demand.devices or len(demand.cells) > 1 or (demand.cells and demand.threads is not Threads.PREFER):
        return one_by_one(host, demand)
    here = _least(_plain([host], demand))
    return min(here, sum(_in_cell(cell, demand) for cell in host.cells)) if demand.cells else here


def one_by_one(host: HostView, demand: Demand) -> int:
    """Count likewise by putting one after another there: right for all, and slow."""
    ask, count = Ask("", demand), 0
    while not reasons(host, ask):
        place = placing.find(host, demand)
        assert place is not None, f"{host.name} was judged to fit"
        host, count = claims.applied(host, ask, place), count + 1
    return count


def _in_cell(cell: CellStock, demand: Demand) -> int:
    """Give how many guests of one cell go into this one."""
    (want,), kib = demand.cells, demand.page_kib
    cpus = cell_room.cpus(cell, Threads.PREFER), want.dedicated
    if not kib:
        return _least([cpus, (cell_room.memory(cell, 0), want.memory_mib)])
    pages = cell.pages.get(kib, 0) - cell.pages_used.get(kib, 0)
    return _least([cpus, (pages, claims.pages(want.memory_mib, kib))])


def _held(hosts: Iterable[HostView], demand: Demand) -> int:
    """Give how many would be held if all that is free were one host of one great cell."""
    views = list(hosts)
    return _least([*_plain(views, demand), *_celled(views, demand), *_devices(views, demand)])


def _least(pairs: Iterable[tuple[int, int]]) -> int:
    """Of pairs of what there is and what one needs, give how many the scarcest allows."""
    return min((max(0, there) // need for there, need in pairs if need), default=0)


def _plain(hosts: list[HostView], demand: Demand) -> Iterator[tuple[int, int]]:
    needs = {
        resources.VCPU: demand.shared,
        resources.PCPU: demand.dedicated,
        resources.DISK_GB: demand.disk_gib,
        **dict(demand.resources),
    }
    yield from ((sum(free(host, name) for host in hosts), need) for name, need in needs.items())
    if hosts:
        one = max(hosts, key=lambda host: host.memory_ratio)
        need = claims.memory(demand, one.memory_ratio) + one.overhead_mib
        yield sum(free(host, resources.MEMORY_MB) for host in hosts), need


def _celled(hosts: list[HostView], demand: Demand) -> Iterator[tuple[int, int]]:
    cells = [cell for host in hosts for cell in host.cells] if demand.cells else []
    if demand.cells:
        yield sum(cell_room.cpus(cell, demand.threads) for cell in cells), demand.dedicated
        yield sum(cell_room.memory(cell, demand.page_kib) for cell in cells), demand.memory_mib


def _devices(hosts: list[HostView], demand: Demand) -> Iterator[tuple[int, int]]:
    needs: Counter[str] = Counter()
    for want in demand.devices:
        needs[want.device_class] += want.count
    there = Counter(d.device_class for host in hosts for d in host.devices if d.server is None)
    yield from ((there[name], need) for name, need in needs.items())
