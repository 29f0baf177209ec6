"""From the ledger's rows to hosts as a decision sees them."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from common import resources
from common.model.host import HostState
from controller.db.ledger import WHOLE, Shelf
from controller.db.ledger import Stock as Row
from controller.scheduler.terms import CellStock, DeviceStock, HostView, Stock

_NONE = Row(0, 0, 0)


def view(shelf: Shelf, now: datetime) -> HostView:
    """Give a host as it is now."""
    report = msgspec.convert(shelf.inventory, _Report)
    memory = shelf.stocks.get((WHOLE, resources.MEMORY_MB), _NONE)
    whole = {name: Stock(row.capacity, row.used) for (cell, name), row in shelf.stocks.items() if cell == WHOLE}
    return HostView(
        id=shelf.id,
        name=shelf.name,
        generation=shelf.generation,
        stocks=whole,
        shut=_shut(shelf, now),
        memory_ratio=memory.ratio,
        overhead_mib=report.overhead_mib,
        cells=tuple(_cells(shelf, {cell.id: cell.socket for cell in report.cells})),
        devices=tuple(_devices(shelf)),
        features=shelf.features,
        traits=frozenset(shelf.traits).union(report.traits),
        aggregates=shelf.aggregates,
        groups=shelf.groups,
        servers=shelf.servers,
        busy=shelf.busy,
        domain=shelf.domain,
    )


class _Cell(msgspec.Struct, frozen=True):
    id: int
    socket: int = 0


class _Report(msgspec.Struct, frozen=True):
    """What of a host's last report is not in the ledger's rows."""

    overhead_mib: int = 0
    traits: tuple[str, ...] = ()
    cells: tuple[_Cell, ...] = ()


def _shut(shelf: Shelf, now: datetime) -> str:
    """Say why a host takes no new servers; empty: it does."""
    if not shelf.enabled:
        return f"disabled: {shelf.disabled_reason or 'no reason given'}"
    if shelf.closed:
        return f"closed: {shelf.closed}"
    if shelf.state != HostState.UP or shelf.lease_until <= now:
        return f"not up: its agent is {shelf.state}, lease to {shelf.lease_until:%H:%M:%S} UTC"
    return ""


def _cells(shelf: Shelf, sockets: dict[int, int]) -> Iterator[CellStock]:
    for cell in sorted({cell for cell, _ in shelf.stocks if cell != WHOLE}):
        rows = {name: row for (at, name), row in shelf.stocks.items() if at == cell}
        memory = rows.get(resources.MEMORY_MB, _NONE)
        pages = {kib: row for name, row in rows.items() if (kib := resources.page_kib(name))}
        held = [one for one in shelf.cpus if one.piece.cell == cell and not one.gone]
        cores: dict[int, list[int]] = {}
        for one in held:
            cores.setdefault(one.piece.core, []).append(one.piece.cpu)
        yield CellStock(
            id=cell,
            socket=sockets.get(cell, 0),
            cores=tuple(tuple(cpus) for _, cpus in sorted(cores.items())),
            taken=frozenset(one.piece.cpu for one in held if one.server),
            memory_mib=memory.capacity,
            memory_used=memory.used,
            pages={kib: row.capacity for kib, row in pages.items()},
            pages_used={kib: row.used for kib, row in pages.items()},
        )


def _devices(shelf: Shelf) -> Iterator[DeviceStock]:
    for piece, server, gone in shelf.devices:
        if not gone:
            yield DeviceStock(address=piece.address, device_class=piece.device_class, cell=piece.cell, server=server)
