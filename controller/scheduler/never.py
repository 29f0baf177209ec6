"""Never: what no host could take even if it were empty, open and heard. Waiting does not help there."""

import numpy as np
from msgspec.structs import replace

from controller.scheduler.columns import SHARES, Slots
from controller.scheduler.filters import reasons
from controller.scheduler.mirror import Mirror
from controller.scheduler.terms import Ask, CellStock, Demand, HostView, Stock


def never(mirror: Mirror, demand: Demand) -> bool:
    """Say whether no host could ever take a server; without hosts nobody knows.

    It looks no further than the first that could, and at one of those that are built alike.
    """
    ask, seen = Ask("", demand), set()
    for slot in _large_enough(mirror, demand):
        host = mirror.view(mirror.ids[slot])
        build = _build(host)
        if build not in seen and not reasons(emptied(host), ask):
            return False
        seen.add(build)
    return bool(mirror.ids)


def _large_enough(mirror: Mirror, demand: Demand) -> Slots:
    """Give the hosts that are for such servers and as large as one; the rest is not worth a closer look."""
    capacity = mirror.columns.table[SHARES][:4]
    memory = 0 if demand.page_kib else demand.memory_mib
    amounts = np.array([demand.shared, demand.dedicated, memory, demand.disk_gib])[:, np.newaxis]
    open_to = mirror.profiles.open_to(demand)[mirror.profile]
    slots: Slots = np.flatnonzero(open_to & (capacity >= amounts).all(axis=0))
    return slots


def _build(host: HostView) -> object:
    """Give all that can be of a difference between empty hosts; equal ones are built alike."""
    cells = tuple((c.id, c.socket, c.cores, c.memory_mib, tuple(sorted(c.pages.items()))) for c in host.cells)
    stocks = tuple(sorted((name, stock.capacity) for name, stock in host.stocks.items()))
    devices = tuple((device.device_class, device.cell) for device in host.devices)
    plain = host.features, host.traits, host.aggregates, host.memory_ratio, host.overhead_mib
    return stocks, cells, devices, plain


def emptied(host: HostView) -> HostView:
    """Give a host as it would be without servers, open to new ones."""
    return replace(
        host,
        shut="",
        stocks={name: Stock(stock.capacity) for name, stock in host.stocks.items()},
        cells=tuple(_emptied_cell(cell) for cell in host.cells),
        devices=tuple(replace(device, server=None) for device in host.devices),
        groups={},
        servers=0,
        busy=0,
    )


def _emptied_cell(cell: CellStock) -> CellStock:
    return replace(cell, taken=frozenset(), memory_used=0, pages_used={})
