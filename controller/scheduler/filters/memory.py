"""Memory: the guest's, and what QEMU takes beside it. Huge pages are not part of it: cells judge these."""

import math

from common import resources
from controller.scheduler.filters.amounts import lack
from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Demand, Fall, HostView


def claimed(host: HostView, demand: Demand) -> int:
    """Give the MiB of MEMORY_MB that a guest claims for itself: locked memory is never promised twice."""
    if demand.page_kib:
        return 0
    return math.ceil(demand.memory_mib * host.memory_ratio) if demand.locked else demand.memory_mib


def _reason(host: HostView, ask: Ask) -> Reason | None:
    return lack(host, resources.MEMORY_MB, claimed(host, ask.demand), beside=host.overhead_mib)


MEMORY = Filter(Fall.MEMORY, _reason, "lacks memory", "lack memory")
