"""Hints: hosts that are asked for, or not wanted, one by one."""

from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView


def _reason(host: HostView, ask: Ask) -> Reason | None:
    if ask.only is not None and host.id not in ask.only:
        return Reason("hint-elsewhere", "is not among the hosts that the hints ask for")
    return Reason("hint-avoided", "is among the hosts that the hints avoid") if host.id in ask.never else None


HINTS = Filter(Fall.HINTS, _reason, "is excluded by hints", "are excluded by hints")
