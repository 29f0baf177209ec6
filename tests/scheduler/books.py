"""The oracle's own books: each host as it was loaded, and the servers that were put there since."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import asdict, replace

from controller.scheduler.terms import Ask, CellStock, HostView, Place, Stock
from tests.scheduler.oracle import guest_memory, pages


class Put(NamedTuple):
    """A server that was put somewhere."""

    ask: Ask
    place: Place


class Books:
    """What all hosts look like, added up anew from all that is there."""

    def __init__(self) -> None:
        self.views: dict[str, HostView] = {}
        self.puts: dict[str, list[Put]] = {}
        self._bases: dict[str, HostView] = {}

    def load(self, base: HostView) -> None:
        """Add a host, or change what it is without its servers."""
        self._bases[base.id] = base
        self._add_up(base.id)

    def base(self, host: str) -> HostView:
        return self._bases[host]

    def forget(self, host: str) -> HostView:
        """Drop a host from sight; its servers stay on it."""
        del self.views[host]
        return self._bases.pop(host)

    def commit(self, ask: Ask, place: Place) -> None:
        self.puts.setdefault(place.host, []).append(Put(ask, place))
        self._add_up(place.host)

    def release(self, put: Put) -> None:
        self.puts[put.place.host].remove(put)
        self._add_up(put.place.host)

    def members(self, ask: Ask) -> Counter[str]:
        """Count the members of a server's group by host."""
        return Counter(
            {host: view.groups.get(ask.group.id, 0) if ask.group else 0 for host, view in self.views.items()}
        )

    def _add_up(self, host: str) -> None:
        self.views[host] = seen(self._bases[host], self.puts.get(host, []))


def seen(base: HostView, puts: list[Put]) -> HostView:
    """Give a host with these servers on it."""
    used = Counter[str]()
    groups = Counter(base.groups)
    owners = {device.address: device.server for device in base.devices}
    for ask, place in puts:
        demand = ask.demand
        used["VCPU"] += demand.shared
        used["PCPU"] += sum(len(cell.cpus) + len(cell.kept) for cell in place.cells)
        used["MEMORY_MB"] += guest_memory(demand, base.memory_ratio) + base.overhead_mib
        used["DISK_GB"] += demand.disk_gib
        used.update(dict(demand.resources))
        groups.update([ask.group.id] if ask.group else [])
        owners.update(dict.fromkeys(place.devices, ask.server))
    return replace(
        base,
        stocks={name: Stock(stock.capacity, stock.used + used[name]) for name, stock in base.stocks.items()},
        groups=groups,
        devices=tuple(replace(device, server=owners[device.address]) for device in base.devices),
        cells=tuple(cell_seen(cell, puts) for cell in base.cells),
        servers=base.servers + len(puts),
        busy=base.busy + len(puts),
    )


def cell_seen(base: CellStock, puts: list[Put]) -> CellStock:
    parts = [part for put in puts for part in put.place.cells if part.cell == base.id]
    used = Counter(base.pages_used)
    for part in parts:
        if part.page_kib:
            used[part.page_kib] += pages(part.memory_mib, part.page_kib)
    return replace(
        base,
        taken=base.taken.union(*(part.cpus + part.kept for part in parts)),
        memory_used=base.memory_used + sum(part.memory_mib for part in parts if not part.page_kib),
        pages_used=used,
    )


def differences(one: HostView, other: HostView) -> list[str]:
    """Name the fields in which two views differ; what is used zero times may be left out."""
    left, right = plain(one), plain(other)
    return [f"{name}: {left[name]} is not {right[name]}" for name in left if left[name] != right[name]]


def plain(view: HostView) -> dict[str, object]:
    cells = [replace(cell, pages=filled(cell.pages), pages_used=filled(cell.pages_used)) for cell in view.cells]
    stocks = {name: stock for name, stock in view.stocks.items() if any(stock)}
    return asdict(view) | {"cells": cells, "groups": filled(view.groups), "stocks": stocks}


def filled(counts: Mapping[Any, int]) -> dict[Any, int]:
    return {name: count for name, count in counts.items() if count}
