"""Filters, one a file: each says why a host cannot take a server. Their order is that in which hosts fall."""

from controller.scheduler.filters.aggregates import AGGREGATES
from controller.scheduler.filters.cells import CELLS
from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.filters.cpus import CPUS
from controller.scheduler.filters.devices import DEVICES
from controller.scheduler.filters.disk import DISK
from controller.scheduler.filters.features import FEATURES
from controller.scheduler.filters.group import GROUP
from controller.scheduler.filters.hints import HINTS
from controller.scheduler.filters.memory import MEMORY
from controller.scheduler.filters.resources import RESOURCES
from controller.scheduler.filters.shut import SHUT
from controller.scheduler.filters.traits import TRAITS
from controller.scheduler.terms import Ask, Fall, HostView

FILTERS: tuple[Filter, ...] = (
    SHUT,
    FEATURES,
    TRAITS,
    AGGREGATES,
    CPUS,
    MEMORY,
    DISK,
    RESOURCES,
    CELLS,
    DEVICES,
    HINTS,
    GROUP,
)


def reasons(host: HostView, ask: Ask) -> dict[Fall, Reason]:
    """Ask every filter about a host; empty: it fits. The first is where it falls."""
    told = ((one.fall, one.reason(host, ask)) for one in FILTERS)
    return {fall: reason for fall, reason in told if reason}


__all__ = ["FILTERS", "Filter", "Reason", "reasons"]
