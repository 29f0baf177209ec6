"""Servers that are on hosts: what they asked for, and the place that the ledger says they have."""

from collections.abc import Collection, Sequence
from functools import cache

from common import resources
from controller.db import servers
from controller.db.engine import Tx
from controller.db.ledger import WHOLE
from controller.db.ledger.holdings import Holding, holdings
from controller.scheduler.asking import asks
from controller.scheduler.room import Guest, Guests
from controller.scheduler.terms import Ask, CellPlace, Place


def guests(tx: Tx, hosts: Collection[str]) -> dict[str, list[Guest]]:
    """Read the servers of hosts, by host."""
    held = {one.server: one for one in holdings(tx, hosts)}
    found = servers.get(tx, held)
    there: dict[str, list[Guest]] = {host: [] for host in hosts}
    for ask in asks(tx, [found[server] for server in held if server in found]):
        mine = held[ask.server]
        there[mine.host].append(Guest(ask, place(ask, mine)))
    return there


def reader(tx: Tx) -> Guests:
    """Give what reads the servers of a host, once each."""

    @cache
    def there(host: str) -> Sequence[Guest]:
        return guests(tx, [host])[host]

    return there


def place(ask: Ask, held: Holding) -> Place:
    """Give the place of a server: which of its CPUs are kept empty is of no account once they are given back."""
    cells = []
    left = ask.demand.dedicated
    for cell in sorted({cell for cell, _ in held.amounts if cell != WHOLE}):
        cpus = held.cpus.get(cell, ())
        cells.append(_cell(cell, cpus[:left], cpus[left:], held))
        left -= len(cells[-1].cpus)
    return Place(host=held.host, cells=tuple(cells), devices=held.devices)


def _cell(cell: int, cpus: tuple[int, ...], kept: tuple[int, ...], held: Holding) -> CellPlace:
    mine = {name: amount for (where, name), amount in held.amounts.items() if where == cell}
    sizes = {kib: count * kib // 1024 for name, count in mine.items() if (kib := resources.page_kib(name))}
    page_kib, memory = next(iter(sizes.items()), (0, mine.get(resources.MEMORY_MB, 0)))
    return CellPlace(cell=cell, cpus=cpus, kept=kept, memory_mib=memory, page_kib=page_kib)
