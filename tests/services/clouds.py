"""Rows that tests of the ledger and the scheduler start from: hosts with what they have, servers that want some."""

from datetime import timedelta
from typing import Any

from common import settings, wire
from common.clock import Clock
from controller.db import ledger, tables
from controller.db.engine import Tx


def add_host(tx: Tx, clock: Clock, name: str, ratios: settings.Scheduler | None = None, **changed: Any) -> None:
    """Insert a host of 8 CPUs, 8192 MiB and 100 GiB whose id is its name; ``changed`` are columns, or ``has``."""
    has = changed.pop("has", inventory())
    row = {
        "id": name,
        "name": name,
        "generation": 1,
        "epoch": 1,
        "boot_id": "",
        "state": "up",
        "enabled": True,
        "heard_at": clock.now(),
        "lease_until": clock.now() + timedelta(seconds=60),
        "features": [],
        "inventory": {"overhead_mib": has.overhead_mib},
    }
    tx.put(tables.host, [row | changed])
    ledger.apply_inventory(tx, name, has, ratios or settings.Scheduler(cpu_ratio=1.0))


def inventory(cpus: int = 8, memory_mib: int = 8192, disk_gib: int = 100, **more: Any) -> wire.Inventory:
    """Give what a host has."""
    more = {"reserved": {}} | more
    return wire.Inventory(cpus=cpus, memory_mib=memory_mib, disk_gib=disk_gib, disk_free_gib=disk_gib, **more)


def add_server(tx: Tx, clock: Clock, name: str) -> None:
    """Insert a server whose id is its name."""
    row = {
        "id": name,
        "project_id": "p",
        "user_id": "u",
        "name": name,
        "state": "BUILD",
        "power": "on",
        "generation": 1,
        "flavor_id": "f",
        "flavor_name": "f",
        "guest": {"vcpus": 1, "memory_mib": 512, "disk_gib": 5},
        "image_id": "i",
        "config_drive": False,
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
    tx.put(tables.server, [row])
