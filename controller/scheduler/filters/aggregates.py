"""Aggregates: the host is in one of each set that is asked for (a zone is one), and in none that is not for all."""

from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView


def _reason(host: HostView, ask: Ask) -> Reason | None:
    for wanted in ask.demand.aggregates:
        if not wanted & host.aggregates:
            return Reason("aggregate-missing", f"is not in {_listed(wanted)}")
    if reserved := ask.demand.outside & host.aggregates:
        return Reason("aggregate-reserved", f"is in {_listed(reserved)}, kept for others")
    return None


def _listed(aggregates: frozenset[str]) -> str:
    return " or ".join(sorted(aggregates)) or "an aggregate that there is none of"


AGGREGATES = Filter(Fall.AGGREGATES, _reason, "is in other zones or aggregates", "are in other zones or aggregates")
