"""Amounts that a server could ask less of, one at a time."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from controller.scheduler.terms import CellDemand, Demand, Fall

Key = tuple[str, str]
"""What tells an amount from the others of a demand."""


class Amount(NamedTuple):
    """An amount that is asked for: a code, its words (``memory``, `` MiB``), where less of it helps, and how to."""

    code: str
    name: str
    unit: str
    asked: int
    helps: frozenset[Fall]
    less: Callable[[int], Demand]

    @property
    def key(self) -> Key:
        """Give what it is called by."""
        return self.code, self.name

    def said(self, most: int) -> str:
        """Write a bound of it."""
        return f"{self.name} <= {most}{self.unit}"


def amounts(demand: Demand) -> Iterator[Amount]:
    """Give what of a demand is an amount, above one."""
    found = (*_cpus(demand), *_plain(demand), *_resources(demand), *_devices(demand))
    return (amount for amount in found if amount.asked > 1)


def _cpus(demand: Demand) -> Iterator[Amount]:
    """Give the vCPUs; where some share CPUs and some have their own, the shape is the tenant's to change."""
    if demand.shared and demand.dedicated:
        return
    helps = frozenset({Fall.CPUS, Fall.CELLS, Fall.DEVICES})

    def less(most: int) -> Demand:
        counts = _shares([cell.shared + cell.dedicated for cell in demand.cells], most)
        cells = tuple(
            replace(cell, shared=count if demand.shared else 0, dedicated=count if demand.dedicated else 0)
            for cell, count in zip(demand.cells, counts, strict=True)
        )
        name = "dedicated" if demand.dedicated else "shared"
        return replace(demand, cells=cells, **{name: most})

    yield Amount(
        "vcpus", "dedicated vCPUs" if demand.dedicated else "vCPUs", "", demand.shared + demand.dedicated, helps, less
    )


def _plain(demand: Demand) -> Iterator[Amount]:
    def memory(most: int) -> Demand:
        cells = zip(demand.cells, _shares([cell.memory_mib for cell in demand.cells], most), strict=True)
        return replace(demand, memory_mib=most, cells=tuple(_sized(cell, mib) for cell, mib in cells))

    def disk(most: int) -> Demand:
        return replace(demand, disk_gib=most)

    kind = f" in pages of {demand.page_kib} KiB" if demand.page_kib else ""
    helps = frozenset({Fall.MEMORY, Fall.CELLS, Fall.DEVICES})
    yield Amount("memory", f"memory{kind}", " MiB", demand.memory_mib, helps, memory)
    yield Amount("disk", "disk", " GiB", demand.disk_gib, frozenset({Fall.DISK}), disk)


def _sized(cell: CellDemand, memory_mib: int) -> CellDemand:
    return replace(cell, memory_mib=memory_mib)


def _resources(demand: Demand) -> Iterator[Amount]:
    for place, (name, asked) in enumerate(demand.resources):

        def less(most: int, place: int = place, name: str = name) -> Demand:
            others = demand.resources
            return replace(demand, resources=(*others[:place], (name, most), *others[place + 1 :]))

        yield Amount("resource", name, "", asked, frozenset({Fall.RESOURCES}), less)


def _devices(demand: Demand) -> Iterator[Amount]:
    for place, wanted in enumerate(demand.devices):

        def less(most: int, place: int = place) -> Demand:
            devices = demand.devices
            fewer = replace(devices[place], count=most)
            return replace(demand, devices=(*devices[:place], fewer, *devices[place + 1 :]))

        yield Amount("devices", wanted.device_class, "", wanted.count, frozenset({Fall.DEVICES}), less)


def _shares(parts: list[int], most: int) -> list[int]:
    """Share an amount out as these parts of it were; what does not come out even goes to the first."""
    whole = sum(parts)
    shares = [part * most // whole for part in parts] if whole else [0 for _ in parts]
    return [share + (number < most - sum(shares)) for number, share in enumerate(shares)]
