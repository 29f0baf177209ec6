"""CPUs: as many as are promised for the shared ones, and dedicated ones of the guest's own."""

from common import resources
from controller.scheduler.filters.amounts import lack
from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView


def _reason(host: HostView, ask: Ask) -> Reason | None:
    shared = lack(host, resources.VCPU, ask.demand.shared)
    return shared or lack(host, resources.PCPU, ask.demand.dedicated)


CPUS = Filter(Fall.CPUS, _reason, "lacks CPUs", "lack CPUs")
