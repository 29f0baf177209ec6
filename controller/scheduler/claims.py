"""What a place takes of its host: amounts as the ledger writes them, and the host as it is then."""

import math

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
    return _changed(host, ask, place, 1)


def released(host: HostView, ask: Ask, place: Place) -> HostView:
    """Give a host as if that server had never been applied to it."""
    return _changed(host, ask, place, -1)


def _changed(host: HostView, ask: Ask, place: Place, servers: int) -> HostView:
    """Give a host with one server more (1) or less (-1)."""
    stocks = dict(host.stocks)
    for name, amount in whole(ask.demand, place, host).items():
        stock = stocks.get(name, Stock(0))
        stocks[name] = Stock(stock.capacity, stock.used + servers * amount)
    changed = replace(host, stocks=stocks, servers=host.servers + servers, busy=host.busy + servers)
    if ask.group:
        count = host.groups.get(ask.group.id, 0) + servers
        others = {group: number for group, number in host.groups.items() if group != ask.group.id}
        changed = replace(changed, groups=others | {ask.group.id: count} if count else others)
    if place.cells:
        by_cell = {cell.cell: cell for cell in place.cells}
        cells = (_cell(c, by_cell[c.id], servers) if c.id in by_cell else c for c in host.cells)
        changed = replace(changed, cells=tuple(cells))
    if place.devices:
        mine, owner = frozenset(place.devices), ask.server if servers > 0 else None
        devices = tuple(replace(d, server=owner) if d.address in mine else d for d in host.devices)
        changed = replace(changed, devices=devices)
    return changed


def _cell(cell: CellStock, place: CellPlace, servers: int) -> CellStock:
    cpus = {*place.cpus, *place.kept}
    taken = cell.taken | cpus if servers > 0 else cell.taken - cpus
    if not place.page_kib:
        return replace(cell, taken=taken, memory_used=cell.memory_used + servers * place.memory_mib)
    used = cell.pages_used.get(place.page_kib, 0) + servers * pages(place.memory_mib, place.page_kib)
    return replace(cell, taken=taken, pages_used={**cell.pages_used, place.page_kib: used})
