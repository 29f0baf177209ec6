"""Reports: the events that one host sends to the controllers."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from common.states import Power
from common.wire.goals import Hardware
from common.wire.limits import (
    CELLS,
    CPUS,
    ENTRIES,
    PAGE_SIZES,
    Amount,
    CellId,
    Count,
    Cpus,
    Id,
    Message,
    Moment,
    Name,
    Number,
    PageSize,
    Real,
    Text,
)

Pages = Annotated[dict[PageSize, Amount], Meta(max_length=PAGE_SIZES)]
"""Huge pages."""


class Cell(Message, frozen=True):
    """A NUMA cell of a host.

    ``memory_mib``: what it has in ordinary pages; huge pages come on top, as {size in KiB: count}. ``siblings``: its
    CPUs, hardware threads of one core together. ``dedicated``: those that one guest's vCPU may have for itself; guests
    without such vCPUs share the others.
    """

    id: CellId
    cpus: Cpus
    memory_mib: Amount
    pages: Pages = {}
    socket: CellId = 0
    siblings: Annotated[tuple[Cpus, ...], Meta(max_length=CPUS)] = ()
    dedicated: Cpus = ()


class PciDevice(Message, frozen=True):
    """A PCI device of the host, as it is listed."""

    address: str
    vendor: str
    product: str
    name: str = ""
    cell: CellId | None = None


class Route(Message, frozen=True):
    """An IPv4 range that a host reaches through one of its devices."""

    cidr: str
    device: str


class Inventory(Message, frozen=True):
    """What a host has. Totals are physical; ``reserved`` is what guests never get, by resource class.

    Memory in huge pages is part of the total and reserved: who wants it asks for pages.
    """

    cpus: Amount
    memory_mib: Amount
    disk_gib: Amount
    disk_free_gib: Amount
    reserved: dict[str, Amount]
    cells: Annotated[tuple[Cell, ...], Meta(max_length=CELLS)] = ()
    pages: Pages = {}
    arch: str = "x86_64"
    cpu_model: str = ""
    cpu_vendor: str = ""
    topology: dict[str, Amount] = {}
    traits: tuple[str, ...] = ()
    pci: tuple[PciDevice, ...] = ()
    machines: tuple[str, ...] = ()
    virt_type: str = "qemu"
    versions: dict[str, str] = {}
    routes: tuple[Route, ...] = ()
    address: str = "127.0.0.1"
    overhead_mib: Amount = 0

    @property
    def dedicated(self) -> int:
        """Count the CPUs that single vCPUs may have for themselves."""
        return sum(len(cell.dedicated) for cell in self.cells)

    @property
    def shared(self) -> int:
        """Count the CPUs that guests share."""
        return max(0, self.cpus - self.dedicated)


class Present(Message, frozen=True):
    """A domain of ours on a host: its power and the generation that the agent knows it at (0: none)."""

    server: Id
    generation: Count
    power: Power
    settled: bool = False
    reason: Text = ""


class Hello(Message, frozen=True):
    """An agent introduces itself. ``id`` is new for each hello; the welcome repeats it.

    ``keys``: ids of those that it takes commands' signatures of; none: it has no key.

    ``unanswered``: hellos and leases in a row, just before, whose answer never came. ``began``: when the agent's
    process began, in monotonic seconds of this boot: of two processes for one host the later one speaks for it.
    """

    id: Id
    name: Name
    boot_id: Id
    version: Id
    features: tuple[str, ...]
    inventory: Inventory
    present: Annotated[tuple[Present, ...], Meta(max_length=ENTRIES)]
    strangers: Annotated[tuple[Id, ...], Meta(max_length=ENTRIES)] = ()
    keys: tuple[str, ...] = ()
    copies: dict[str, str] = {}
    unanswered: Number = 0
    began: Real = 0.0
    leftovers: Annotated[tuple[Id, ...], Meta(max_length=ENTRIES)] = ()


class Heartbeat(Message, frozen=True):
    """A sign of life, numbered.

    ``answered`` is the newest beat whose answer came (0: none yet; -1: an agent that does not say). ``stuck`` names
    each lane with a call on the hypervisor that does not come back, and the call.
    """

    beat: Number
    answered: Number = -1
    stuck: dict[str, str] = {}


class States(Message, frozen=True):
    """All domains of ours on the host, now, and uuids of those that are not.

    ``copies``: of the latter, those that carry the mark of a server of ours -> that server, as virt-clone makes them.
    ``leftovers``: servers of which only files are here, and that the host knows neither as wanted nor as deleted.
    """

    present: Annotated[tuple[Present, ...], Meta(max_length=ENTRIES)]
    strangers: Annotated[tuple[Id, ...], Meta(max_length=ENTRIES)] = ()
    copies: dict[str, str] = {}
    leftovers: Annotated[tuple[Id, ...], Meta(max_length=ENTRIES)] = ()


class ServerUsage(Message, frozen=True):
    """One guest's use. CPU in nanoseconds, memory in KiB, traffic in bytes; counters since its start."""

    server: Id
    cpu_ns: Number = 0
    memory_kib: Number = 0
    disk_read: Number = 0
    disk_written: Number = 0
    net_received: Number = 0
    net_sent: Number = 0


class Usage(Message, frozen=True):
    """What the host and its guests use now. ``uptime`` is written as uptime(1) does; empty: not known."""

    cpu_percent: Real
    memory_used_mib: Amount
    disk_free_gib: Amount
    servers: tuple[ServerUsage, ...] = ()
    uptime: str = ""


class Settled(Message, frozen=True):
    """The server is as its goal says. ``hardware`` comes with the first define.

    ``took``: seconds by what was done, in order; ``tries``: why earlier tries failed.
    """

    power: Power
    hardware: Hardware | None = None
    notes: dict[str, str] = {}
    took: dict[str, Real] = {}
    tries: tuple[str, ...] = ()


class Failed(Message, frozen=True):
    """The goal cannot be reached: an error's code, the reason for people; ``took`` and ``tries`` as in ``Settled``."""

    code: Text
    reason: Text
    took: dict[str, Real] = {}
    tries: tuple[str, ...] = ()


class PowerSeen(Message, frozen=True):
    """A guest's power changed by itself."""

    power: Power
    reason: Text = ""


class Stale(Message, frozen=True):
    """A command came under an old epoch and was dropped."""

    command: Id
    host_epoch: Count


class Answer(Message, frozen=True):
    """The answer to a query: text, or an error."""

    query: Id
    text: str = ""
    code: Text = ""
    reason: Text = ""


class Event(Message, frozen=True):
    """An envelope from one host. ``seq`` grows by one for each event of a journal."""

    id: Id
    host: Id
    host_epoch: Count
    seq: Number
    kind: Literal["hello", "heartbeat", "inventory", "states", "usage", "settled", "failed", "power", "stale", "answer"]
    body: msgspec.Raw
    at: Moment
    server: Id = ""
    generation: Count = 0
    request_id: Annotated[str, Meta(max_length=255)] = ""


EVENTS: dict[str, type[Message]] = {
    "hello": Hello,
    "heartbeat": Heartbeat,
    "inventory": Inventory,
    "states": States,
    "usage": Usage,
    "settled": Settled,
    "failed": Failed,
    "power": PowerSeen,
    "stale": Stale,
    "answer": Answer,
}
"""Each kind's body."""
