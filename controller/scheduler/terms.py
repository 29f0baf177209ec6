"""The scheduler's terms: what a server asks for, what a host has, where a server goes.

Amounts are whole numbers in the units of their resource class (MiB of MEMORY_MB, GiB of DISK_GB, one CPU of VCPU and
PCPU). Host CPUs, cells and sockets carry the numbers that the host's kernel gives them.
"""

import enum
from collections.abc import Mapping
from typing import NamedTuple

import msgspec


class Threads(enum.StrEnum):
    """What dedicated CPUs want of hardware threads: whole cores first, siblings left empty, or siblings only."""

    PREFER = "prefer"
    ISOLATE = "isolate"
    REQUIRE = "require"


class Near(enum.StrEnum):
    """How near a device is to be to the guest's cells.

    Required: in one of them. Legacy: in one of them, or of no known cell. Socket: on one of their sockets. Preferred:
    anywhere, but near where it can be. A guest without cells takes a device from anywhere.
    """

    REQUIRED = "required"
    LEGACY = "legacy"
    SOCKET = "socket"
    PREFERRED = "preferred"


class Together(enum.StrEnum):
    """What a server group wants of its members' hosts."""

    AFFINITY = "affinity"
    ANTI_AFFINITY = "anti-affinity"
    SOFT_AFFINITY = "soft-affinity"
    SOFT_ANTI_AFFINITY = "soft-anti-affinity"


class Fall(enum.IntEnum):
    """At what a host falls, in the order in which a decision looks; each host counts where it falls first."""

    NOWHERE = 0
    SHUT = 1
    FEATURES = 2
    TRAITS = 3
    AGGREGATES = 4
    CPUS = 5
    MEMORY = 6
    DISK = 7
    RESOURCES = 8
    CELLS = 9
    DEVICES = 10
    HINTS = 11
    GROUP = 12


class CellDemand(msgspec.Struct, frozen=True):
    """One NUMA cell of a guest: how many vCPUs share CPUs, how many have one of their own, and memory in MiB."""

    shared: int
    dedicated: int
    memory_mib: int


class DeviceDemand(msgspec.Struct, frozen=True):
    """So many devices of a class."""

    device_class: str
    count: int = 1
    near: Near = Near.LEGACY


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What makes two servers see the hosts alike: the key of a request class. All of it can be hashed.

    ``shared`` and ``dedicated``: vCPUs. ``page_kib``: size of its memory's pages, 0: the host's ordinary ones.
    ``locked``: its memory is never swapped or overcommitted (devices, encrypted memory). ``cells``: empty unless it has
    NUMA cells or huge pages or dedicated CPUs; they sum up to vCPUs and memory, and each goes to a host cell of its
    own. ``resources``: further amounts by class. ``features``: what its host must be able to do. ``aggregates``: of
    each of these sets of aggregates its host is in one (a zone, a tenant's own); ``outside``: aggregates it is not in.
    """

    shared: int
    memory_mib: int
    disk_gib: int
    dedicated: int = 0
    threads: Threads = Threads.PREFER
    page_kib: int = 0
    locked: bool = False
    cells: tuple[CellDemand, ...] = ()
    devices: tuple[DeviceDemand, ...] = ()
    resources: tuple[tuple[str, int], ...] = ()
    traits: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    aggregates: tuple[frozenset[str], ...] = ()
    outside: frozenset[str] = frozenset()
    spread: bool | None = None
    """Whether hosts are to be filled evenly; None: as the settings say."""


class GroupAsk(NamedTuple):
    """The server group that a server is in. ``limit``: members that a host may have under anti-affinity."""

    id: str
    policy: Together
    limit: int = 1


class Ask(NamedTuple):
    """A server that wants a host. ``only`` and ``never``: ids of hosts; ``seed`` breaks ties, so that it replays."""

    server: str
    demand: Demand
    project: str = ""
    seed: int = 0
    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()
    group: GroupAsk | None = None


class CellStock(msgspec.Struct, frozen=True, kw_only=True):
    """A NUMA cell of a host.

    ``cores``: its CPUs for dedicated use, hardware threads of one core together. ``taken``: those of them in use.
    ``memory_mib`` and ``pages`` ({size in KiB: count}) are what guests may have; ``*_used``: what guests with cells do.
    """

    id: int
    socket: int = 0
    cores: tuple[tuple[int, ...], ...] = ()
    taken: frozenset[int] = frozenset()
    memory_mib: int = 0
    memory_used: int = 0
    pages: Mapping[int, int] = {}
    pages_used: Mapping[int, int] = {}


class DeviceStock(msgspec.Struct, frozen=True, kw_only=True):
    """A device of a host that servers may have. ``cell`` None: not known. ``server``: who has it; None: nobody."""

    address: str
    device_class: str
    cell: int | None = None
    server: str | None = None


class Stock(NamedTuple):
    """How much of a resource class a host has for guests, any ratio applied, and how much of that is in use."""

    capacity: int
    used: int = 0


class HostView(msgspec.Struct, frozen=True, kw_only=True):
    """A host as the ledger shows it: all that a decision may look at.

    ``shut``: empty, or why it takes no new servers (down, disabled, closed…). ``memory_ratio``: what MEMORY_MB's
    capacity was multiplied with. ``overhead_mib``: memory that QEMU takes for each guest, locked or not.
    ``aggregates``: of all kinds, a zone is one too. ``groups``: members here by server group. ``busy``: servers that
    are being built there now.
    """

    id: str
    name: str
    generation: int
    stocks: Mapping[str, Stock]
    shut: str = ""
    memory_ratio: float = 1.0
    overhead_mib: int = 0
    cells: tuple[CellStock, ...] = ()
    devices: tuple[DeviceStock, ...] = ()
    features: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()
    aggregates: frozenset[str] = frozenset()
    groups: Mapping[str, int] = {}
    servers: int = 0
    busy: int = 0
    domain: str = ""
    """Its fault domain (a rack, a feed of power)."""


class CellPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where one guest cell went: the host's cell, the CPUs of its dedicated vCPUs in their order, and CPUs kept empty
    beside them (siblings under ``Threads.ISOLATE``)."""

    cell: int
    cpus: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    memory_mib: int = 0
    page_kib: int = 0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server goes: the host, a place for each guest cell in their order, the addresses of its devices."""

    host: str
    cells: tuple[CellPlace, ...] = ()
    devices: tuple[str, ...] = ()
