"""Devices: free ones of each class, near enough to cells that the guest could have."""

from collections import Counter

from msgspec.structs import replace

from controller.scheduler import placing
from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView


def _reason(host: HostView, ask: Ask) -> Reason | None:
    demand = ask.demand
    free = Counter(device.device_class for device in host.devices if device.server is None)
    needs: Counter[str] = Counter()
    for want in demand.devices:
        needs[want.device_class] += want.count
    for name, need in needs.items():
        if need > free[name]:
            return Reason("devices", f"needs {need} {name}, {free[name]} free")
    if placing.find(host, demand) or not placing.find(host, replace(demand, devices=())):
        return None  # where no cells have room, these are what is missing
    near = ", ".join(sorted({want.near.value for want in demand.devices}))
    return Reason("device-near", f"has the devices, but not near enough to cells with room (policy {near})")


DEVICES = Filter(Fall.DEVICES, _reason, "lacks devices", "lack devices")
