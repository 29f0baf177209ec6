"""Traits: the host has those that are required, and none of the forbidden."""

from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView


def _reason(host: HostView, ask: Ask) -> Reason | None:
    if missing := ask.demand.traits - host.traits:
        return Reason("trait-missing", f"has no {', '.join(sorted(missing))}")
    if unwanted := ask.demand.forbidden & host.traits:
        return Reason("trait-forbidden", f"has {', '.join(sorted(unwanted))}")
    return None


TRAITS = Filter(Fall.TRAITS, _reason, "has other traits", "have other traits")
