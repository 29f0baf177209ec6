"""Hosts that almost fit, and all that each of them lacks."""

from collections.abc import Iterable, Iterator

from common import resources
from common.model.decision import NearMiss
from controller.scheduler import claims
from controller.scheduler.filters import reasons
from controller.scheduler.filters.amounts import free
from controller.scheduler.terms import Ask, HostView

SHOWN = 3


def misses(hosts: Iterable[HostView], ask: Ask) -> tuple[NearMiss, ...]:
    """Give the nearest first: those that lack the fewest things, then those that lack the smallest share of them."""
    told = ((host, reasons(host, ask)) for host in hosts)
    ranked = sorted(
        ((len(why), _lacking(host, ask), host.name, why) for host, why in told if why), key=lambda one: one[:3]
    )
    return tuple(
        NearMiss(host=name, missing=tuple(reason.text for reason in why.values())) for _, _, name, why in ranked[:SHOWN]
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
