"""Hosts as a decision sees them, and what servers ask for: small ones, to be changed by a test."""

from typing import Any

from controller.scheduler.terms import Ask, CellDemand, CellStock, Demand, DeviceStock, HostView, Stock

CORES = ((0, 4), (1, 5))
"""Two cores of two threads each."""


def view(name: str = "h1", cpus: int = 8, memory: int = 8192, disk: int = 100, **changed: Any) -> HostView:
    """Give a host; ``stocks`` are added to its VCPU, MEMORY_MB and DISK_GB."""
    stocks = {"VCPU": Stock(cpus), "MEMORY_MB": Stock(memory), "DISK_GB": Stock(disk)} | changed.pop("stocks", {})
    return HostView(**{"id": name, "name": name, "generation": 1, "stocks": stocks} | changed)


def cell(number: int = 0, **changed: Any) -> CellStock:
    """Give a NUMA cell of four CPUs on two cores, 4096 MiB and 1024 pages of 2 MiB."""
    cores = tuple(tuple(cpu + 8 * number for cpu in core) for core in CORES)
    return CellStock(
        **{"id": number, "socket": number, "cores": cores, "memory_mib": 4096, "pages": {2048: 1024}} | changed
    )


def numa(name: str = "h1", count: int = 2, **changed: Any) -> HostView:
    """Give a host of NUMA cells, with a device of class ``gpu`` in each."""
    devices = tuple(DeviceStock(address=f"0000:0{n}:00.0", device_class="gpu", cell=n) for n in range(count))
    stocks = {"PCPU": Stock(4 * count)} | changed.pop("stocks", {})
    made = {"cells": tuple(cell(n) for n in range(count)), "devices": devices, "stocks": stocks}
    return view(name, **made | changed)


def ask(server: str = "s", *, hints: dict[str, Any] | None = None, **demand: Any) -> Ask:
    """Give an ask for 2 shared CPUs, 1024 MiB and 10 GiB; ``hints`` are the ask's own fields."""
    return Ask(server, Demand(**{"shared": 2, "memory_mib": 1024, "disk_gib": 10} | demand), **hints or {})


def pinned(cells: int = 1, cpus: int = 2, memory: int = 1024, **more: Any) -> Ask:
    """Give an ask for dedicated CPUs in NUMA cells, each of so many CPUs and MiB."""
    wanted = tuple(CellDemand(0, cpus, memory) for _ in range(cells))
    return ask(**{"shared": 0, "dedicated": cells * cpus, "memory_mib": cells * memory, "cells": wanted} | more)
