"""Goals, hosts and files to build guests of."""

from typing import Any

from common.guest import Guest, GuestCell
from common.states import Power
from common.wire import Cell, Goal, Hardware, NetworkGoal, PlacedCell, Placement, PortGoal
from compute_agent.domain_xml.host import GuestFiles, HostFacts

SERVER = "0192f0c0-1111-7222-8333-444444444444"
MACHINES = {"q35": "pc-q35-7.2", "pc": "pc-i440fx-7.2"}
TCG = HostFacts(virt_type="qemu", emulator="/usr/bin/qemu-system-x86_64", machines=MACHINES)
KVM = HostFacts(virt_type="kvm", emulator="/usr/bin/qemu-system-x86_64", machines=MACHINES, vhost=True)
USER = HostFacts(
    virt_type="qemu", emulator="/usr/bin/qemu-system-x86_64", machines=MACHINES, networks="user", direct_io=False
)
CELLED = HostFacts(
    virt_type="kvm",
    emulator="/usr/bin/qemu-system-x86_64",
    machines=MACHINES,
    cells=(
        Cell(id=0, cpus=(0, 1, 2, 3), memory_mib=4096, siblings=((0, 2), (1, 3)), dedicated=(1, 3)),
        Cell(id=1, cpus=(4, 5, 6, 7), memory_mib=4096, siblings=((4, 6), (5, 7)), dedicated=(5, 6, 7)),
    ),
)
"""A host with two NUMA cells, some of whose CPUs are dedicated."""
DISK = "/var/lib/toft/instances/s/disk.qcow2"
CONSOLE = "/var/lib/toft/instances/s/console.log"
FILES = GuestFiles(disk=DISK, console=CONSOLE, base="/var/lib/toft/cache/d.qcow2", drive="/var/lib/toft/s/config.iso")
BARE = GuestFiles(disk=DISK, console=CONSOLE)


def network(**changes: Any) -> NetworkGoal:
    known: dict[str, Any] = {
        "id": "0192f0c0-1111-7222-8333-555555555555",
        "cidr": "10.77.0.0/24",
        "gateway": "10.77.0.1",
        "dns": ("9.9.9.9", "1.1.1.1"),
        "mtu": 1450,
    }
    return NetworkGoal(**known | changes)


def port(number: int, **changes: Any) -> PortGoal:
    known: dict[str, Any] = {
        "id": f"0192f0c0-1111-7222-8333-6666666666{number:02x}",
        "network": network(),
        "mac": f"52:54:00:00:00:{number:02x}",
        "address": f"10.77.0.{10 + number}",
    }
    return PortGoal(**known | changes)


def goal(
    ports: tuple[PortGoal, ...] = (),
    hardware: Hardware | None = None,
    placement: Placement | None = None,
    **guest: Any,
) -> Goal:
    asked = Guest(**{"vcpus": 2, "memory_mib": 512, "disk_gib": 5} | guest)
    return Goal(
        server=SERVER,
        generation=3,
        power=Power.ON,
        guest=asked,
        ports=ports,
        hardware=hardware,
        placement=placement,
    )


def pinned(**guest: Any) -> Goal:
    """Give the goal of a guest with two dedicated vCPUs in cell 1."""
    place = PlacedCell(cell=1, vcpus=(0, 1), cpus=(7, 5), memory_mib=512, page_kib=guest.get("page_kib", 0))
    return goal(placement=Placement(cells=(place,)), **{"cpu_policy": "dedicated", "dedicated": (0, 1)} | guest)


def numa(**guest: Any) -> Goal:
    """Give the goal of a guest that sees two cells of two vCPUs, each with a dedicated one and a shared one."""
    page = guest.get("page_kib", 0)
    first = PlacedCell(cell=1, vcpus=(0, 1), cpus=(6,), memory_mib=256, page_kib=page)
    second = PlacedCell(cell=0, vcpus=(2, 3), cpus=(3,), memory_mib=256, page_kib=page)
    seen = tuple(GuestCell(vcpus=one.vcpus, memory_mib=one.memory_mib) for one in (first, second))
    return goal(
        placement=Placement(cells=(first, second)),
        **{"vcpus": 4, "cpu_policy": "mixed", "dedicated": (1, 2), "cells": seen} | guest,
    )
