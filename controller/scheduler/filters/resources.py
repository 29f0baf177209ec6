"""Resources: further classes that a flavor asks for by name."""

from controller.scheduler.filters.amounts import lack
from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView


def _reason(host: HostView, ask: Ask) -> Reason | None:
    told = (lack(host, resource, amount) for resource, amount in ask.demand.resources)
    return next((reason for reason in told if reason), None)


RESOURCES = Filter(Fall.RESOURCES, _reason, "lacks other resources", "lack other resources")
