"""Shut: the host takes no new servers at all."""

from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView


def _reason(host: HostView, _ask: Ask) -> Reason | None:
    return Reason("shut", host.shut) if host.shut else None


SHUT = Filter(Fall.SHUT, _reason, "is out of service", "are out of service")
