"""Never: what no host could take even if it were empty, open and heard. Waiting does not help there."""

from collections.abc import Iterable

from msgspec.structs import replace

from controller.scheduler.filters import reasons
from controller.scheduler.terms import Ask, CellStock, Demand, HostView, Stock


def never(hosts: Iterable[HostView], demand: Demand) -> bool:
    """Say whether none of these hosts could ever take a server; without hosts nobody knows.

    It looks no further than the first that could.
    """
    ask, seen = Ask("", demand), False
    for host in hosts:
        seen = True
        if not reasons(emptied(host), ask):
            return False
    return seen


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
