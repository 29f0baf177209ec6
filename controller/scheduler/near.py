"""Hosts that almost fit, and all that each of them lacks."""

from collections.abc import Callable, Iterable, Iterator

from common import resources
from common.model.decision import NearMiss
from controller.scheduler import claims
from controller.scheduler.filters import reasons
from controller.scheduler.filters.amounts import free
from controller.scheduler.terms import Ask, HostView

SHOWN = 3


def misses(hosts: Iterable[HostView], ask: Ask, say: Callable[[str], str] = str) -> tuple[NearMiss, ...]:
    """Give the nearest first: those that lack the fewest things, came furthest through the filters, lack least.

    :param say: turns a reason into words for people.
    """
    missed = [(host, why) for host in hosts if (why := reasons(host, ask))]
    missed.sort(key=lambda one: (len(one[1]), -next(iter(one[1])), _lacking(one[0], ask), one[0].name))
    return tuple(
        NearMiss(host=host.name, missing=tuple(say(reason.text) for reason in why.values()))
        for host, why in missed[:SHOWN]
    )


def _lacking(host: HostView, ask: Ask) -> float:
    """Give what is missing as a share of what is asked for, summed over resources."""
    return sum(max(0, need - free(host, name)) / need for name, need in _needs(host, ask) if need)


def _needs(host: HostView, ask: Ask) -> Iterator[tuple[str, int]]:
    demand = ask.demand
    yield resources.VCPU, demand.shared
    yield resources.PCPU, demand.dedicated
    yield resources.MEMORY_MB, claims.memory(demand, host.memory_ratio) + host.overhead_mib
    yield resources.DISK_GB, demand.disk_gib
    yield from demand.resources
