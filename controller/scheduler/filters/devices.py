"""Devices: free ones of each class, near enough to cells that the guest could have."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

from controller.scheduler.filters.cells import choices
from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, DeviceDemand, DeviceStock, Fall, HostView, Near


def _reason(host: HostView, ask: Ask) -> Reason | None:
    by_class: dict[str, list[DeviceDemand]] = defaultdict(list)
    for want in ask.demand.devices:
        by_class[want.device_class].append(want)
    for name, wants in by_class.items():
        need, there = sum(want.count for want in wants), len(_free(host, name))
        if need > there:
            return Reason("devices", f"needs {need} {name}, {there} free")
    chosen = list(choices(host, ask.demand)) if ask.demand.cells else []
    if not chosen or any(_served(host, cells, by_class.values()) for cells in chosen):
        return None  # without cells with room, these are what is missing
    near = ", ".join(sorted({want.near.value for want in ask.demand.devices}))
    return Reason("device-near", f"has the devices, but not near enough to cells with room (policy {near})")


def _free(host: HostView, device_class: str) -> list[DeviceStock]:
    return [device for device in host.devices if device.server is None and device.device_class == device_class]


def _served(host: HostView, cells: frozenset[int], wishes: Iterable[Sequence[DeviceDemand]]) -> bool:
    """Say whether all wishes can be served at once: any few of them find as many devices as they want together."""
    sockets = {cell.socket for cell in host.cells if cell.id in cells}
    around = {cell.id for cell in host.cells if cell.socket in sockets}
    for wants in wishes:
        fitting = [_near(_free(host, want.device_class), want.near, cells, around) for want in wants]
        for some in _some(range(len(wants))):
            if sum(wants[i].count for i in some) > len(set().union(*(fitting[i] for i in some))):
                return False
    return True


def _near(devices: Iterable[DeviceStock], near: Near, cells: frozenset[int], around: set[int]) -> set[str]:
    allowed: dict[Near, Iterable[int | None]] = {
        Near.REQUIRED: cells,
        Near.LEGACY: {*cells, None},
        Near.SOCKET: around,
    }
    return {device.address for device in devices if near is Near.PREFERRED or device.cell in allowed[near]}


def _some(places: range) -> Iterable[tuple[int, ...]]:
    """Give every way to take one or more."""
    return itertools.chain.from_iterable(itertools.combinations(places, n + 1) for n in places)


DEVICES = Filter(Fall.DEVICES, _reason, "lacks devices", "lack devices")
