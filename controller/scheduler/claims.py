"""What a place takes of its host: amounts as the ledger writes them, and the host as it is then."""

import math
from collections.abc import Mapping

from msgspec.structs import replace

from common import resources
from controller.scheduler.terms import Ask, CellPlace, CellStock, Demand, HostView, Place, Stock


def memory(demand: Demand, ratio: float) -> int:
    """Give what a guest takes of MEMORY_MB besides its overhead: huge pages are none of it, locked memory all of it."""
    if demand.page_kib:
        return 0
    return math.ceil(demand.memory_mib * ratio) if demand.locked else demand.memory_mib


def pages(memory_mib: int, page_kib: int) -> int:
    """Give how many pages of a size hold so much memory."""
    return -(-memory_mib * 1024 // page_kib)


def whole(demand: Demand, place: Place, host: HostView) -> dict[str, int]:
    """Give what a guest takes of a host as a whole, by resource class; nothing is left out that it takes."""
    kept = sum(len(cell.kept) for cell in place.cells)
    amounts = {
        resources.VCPU: demand.shared,
        resources.PCPU: demand.dedicated + kept,
        resources.MEMORY_MB: memory(demand, host.memory_ratio) + host.overhead_mib,
        resources.DISK_GB: demand.disk_gib,
        **dict(demand.resources),
    }
    return {name: amount for name, amount in amounts.items() if amount}


def applied(host: HostView, ask: Ask, place: Place) -> HostView:
    """Give a host with one more server on it, which is being built. Its generation stays: that is the ledger's."""
    stocks = dict(host.stocks)
    for name, amount in whole(ask.demand, place, host).items():
        stock = stocks.get(name, Stock(0))
        stocks[name] = Stock(stock.capacity, stock.used + amount)
    changed = replace(host, stocks=stocks, servers=host.servers + 1, busy=host.busy + 1)
    if ask.group:
        groups = {**host.groups, ask.group.id: host.groups.get(ask.group.id, 0) + 1}
        changed = replace(changed, groups=groups)
    if place.cells:
        changed = replace(changed, cells=_filled(host.cells, place.cells))
    if place.devices:
        mine = frozenset(place.devices)
        devices = tuple(replace(d, server=ask.server) if d.address in mine else d for d in host.devices)
        changed = replace(changed, devices=devices)
    return changed


def _filled(cells: tuple[CellStock, ...], places: tuple[CellPlace, ...]) -> tuple[CellStock, ...]:
    by_cell = {place.cell: place for place in places}
    return tuple(_cell(cell, by_cell[cell.id]) if cell.id in by_cell else cell for cell in cells)


def _cell(cell: CellStock, place: CellPlace) -> CellStock:
    taken = cell.taken.union(place.cpus, place.kept)
    if not place.page_kib:
        return replace(cell, taken=taken, memory_used=cell.memory_used + place.memory_mib)
    return replace(cell, taken=taken, pages_used=_more(cell.pages_used, place))


def _more(used: Mapping[int, int], place: CellPlace) -> dict[int, int]:
    size = place.page_kib
    return {**used, size: used.get(size, 0) + pages(place.memory_mib, size)}
