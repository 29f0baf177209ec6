"""The same ask with one thing different that is not an amount."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from controller.scheduler.terms import Ask, CellDemand, Demand, Fall, Near, Threads

Zones = Mapping[str, frozenset[str]]
"""The aggregates that make each availability zone."""


MOST_ZONES = 16
"""Other zones that are asked about, in the order of their names."""


class Variant(NamedTuple):
    """A code that does not change, words that go on from ``fits``, where it could help, and the ask then."""

    code: str
    text: str
    helps: frozenset[Fall]
    ask: Ask


def variants(ask: Ask, zones: Zones) -> Iterator[Variant]:
    """Give the ask with one thing different, for each such thing."""
    for found in (_named(ask.demand), _aggregates(ask.demand, zones), _hardware(ask.demand)):
        for code, text, helps, demand in found:
            yield Variant(code, text, helps, ask._replace(demand=demand))
    yield from _beside(ask)


_Changed = Iterator[tuple[str, str, frozenset[Fall], Demand]]

_FEATURES, _TRAITS, _AGGREGATES, _RESOURCES, _HINTS, _GROUP = (
    frozenset({fall}) for fall in (Fall.FEATURES, Fall.TRAITS, Fall.AGGREGATES, Fall.RESOURCES, Fall.HINTS, Fall.GROUP)
)
_CELLS, _DEVICES = frozenset({Fall.CELLS, Fall.DEVICES}), frozenset({Fall.DEVICES})


def _named(demand: Demand) -> _Changed:
    """Leave out what is asked for by name, one at a time."""
    for name in sorted(demand.features):
        yield "feature", f"without {name}", _FEATURES, replace(demand, features=demand.features - {name})
    for name in sorted(demand.traits):
        yield "trait", f"without trait {name}", _TRAITS, replace(demand, traits=demand.traits - {name})
    for name in sorted(demand.forbidden):
        text = f"with trait {name} allowed"
        yield "trait", text, _TRAITS, replace(demand, forbidden=demand.forbidden - {name})
    for name, amount in demand.resources:
        fewer = tuple(pair for pair in demand.resources if pair != (name, amount))
        yield "resource", f"without {name}", _RESOURCES, replace(demand, resources=fewer)


def _aggregates(demand: Demand, zones: Zones) -> _Changed:
    """Ask for another zone; or leave out a set of aggregates that is no zone, or the aggregates that are avoided."""
    for place, wanted in enumerate(demand.aggregates):
        others = (*demand.aggregates[:place], *demand.aggregates[place + 1 :])
        if wanted in zones.values():
            there = [(name, found) for name, found in sorted(zones.items()) if found != wanted]
            for name, found in there[:MOST_ZONES]:
                yield "zone", f"in zone {name}", _AGGREGATES, replace(demand, aggregates=(*others, found))
        else:
            yield "aggregate", "outside its aggregates", _AGGREGATES, replace(demand, aggregates=others)
    if demand.outside:
        text = "on hosts that are kept for others"
        yield "aggregate", text, _AGGREGATES, replace(demand, outside=frozenset())


def _hardware(demand: Demand) -> _Changed:
    """Ask for plainer hardware."""
    if demand.threads is not Threads.PREFER:
        yield "threads", "with CPU thread policy prefer", _CELLS, replace(demand, threads=Threads.PREFER)
    if demand.page_kib:
        yield "pages", "with ordinary memory pages", _CELLS, replace(demand, page_kib=0)
    if len(demand.cells) > 1:
        yield "cells", "in one NUMA cell", _CELLS, replace(demand, cells=(_one_cell(demand),))
    if demand.dedicated:
        cells = tuple(replace(c, shared=c.shared + c.dedicated, dedicated=0) for c in demand.cells)
        shared = replace(demand, shared=demand.shared + demand.dedicated, dedicated=0, cells=cells)
        yield "shared", "with shared CPUs", _CELLS | {Fall.CPUS}, shared
    if any(device.near is not Near.PREFERRED for device in demand.devices):
        devices = tuple(replace(device, near=Near.PREFERRED) for device in demand.devices)
        yield "device-near", "with devices of any NUMA cell", _DEVICES, replace(demand, devices=devices)


def _beside(ask: Ask) -> Iterator[Variant]:
    """Leave out what is asked for beside the demand."""
    if ask.only is not None:
        yield Variant("hint", "without the hints for hosts", _HINTS, ask._replace(only=None))
    if ask.never:
        yield Variant("hint", "without the hints against hosts", _HINTS, ask._replace(never=frozenset()))
    if ask.group:
        yield Variant("group", "outside its server group", _GROUP, ask._replace(group=None))


def _one_cell(demand: Demand) -> CellDemand:
    return CellDemand(demand.shared, demand.dedicated, demand.memory_mib)
