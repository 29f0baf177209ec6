"""What the filters of amounts have in common: enough is free, or it is not."""

from common import resources
from controller.scheduler.filters.contract import Reason
from controller.scheduler.terms import HostView

_UNITS = resources.UNITS | {resources.PCPU: "dedicated CPUs"}


def free(host: HostView, resource: str) -> int:
    """Give how much of a resource class a host could still give; none of a class that it does not have."""
    stock = host.stocks.get(resource)
    return stock.capacity - stock.used if stock else 0


def lack(host: HostView, resource: str, need: int, beside: int = 0) -> Reason | None:
    """Say what is missing of a resource.

    :param beside: what QEMU takes beside the need; what is free is told without it.
    """
    there = free(host, resource) - beside
    if need <= there:
        return None
    unit = _UNITS.get(resource, resource)
    return Reason(resource.lower().replace("_", "-"), f"needs {need} {unit}, {max(0, there)} free")
