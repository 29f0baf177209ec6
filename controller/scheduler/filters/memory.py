"""Memory: the guest's, and what QEMU takes beside it. Huge pages are not part of it: cells judge these."""

from common import resources
from controller.scheduler import claims
from controller.scheduler.filters.amounts import lack
from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView


def _reason(host: HostView, ask: Ask) -> Reason | None:
    return lack(host, resources.MEMORY_MB, claims.memory(ask.demand, host.memory_ratio), beside=host.overhead_mib)


MEMORY = Filter(Fall.MEMORY, _reason, "lacks memory", "lack memory")
