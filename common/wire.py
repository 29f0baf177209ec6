"""What crosses the bus: commands to a host, events from it. The Structs are the schema.

A command says how a thing is to be (a goal at a generation), never what to do; an event says what was seen. Both are
JSON.

    controller -> host   Command: welcome, lease, converge, query
    host -> controller   Event:   hello, heartbeat, inventory, states, usage, settled, failed, power, stale, answer
"""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from common import errors
from common.guest import Guest
from common.states import Power

LIMIT = 512 * 1024
"""Bytes that one message may have."""

NUL = b"\\u0000"
"""How JSON writes it."""

ENTRIES = 4096
"""Entries that one list of a report may have."""

M = TypeVar("M")

# What comes from a host goes into rows that others' reports share a transaction with: what no column takes is refused
# before it is read further.
Number = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
"""A number that every database and every reader of JSON holds."""
Amount = Annotated[int, Meta(ge=0, le=1 << 40)]
"""How much there is of something."""
Count = Annotated[int, Meta(ge=0, le=(1 << 31) - 1)]
"""A generation or an epoch."""
Real = Annotated[float, Meta(ge=-1e15, le=1e15)]
Id = Annotated[str, Meta(max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Text = Annotated[str, Meta(max_length=65536)]
Moment = Annotated[datetime, Meta(tz=True)]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all that is sent. Fields that a reader does not know are passed over, so that versions may differ."""


# ---- goals: controller -> host -----------------------------------------------------------------------------
class ImageSource(Message, frozen=True):
    """The image a root disk stands on. Sizes in bytes.

    ``url`` is signed, short-lived and added when it is sent; ``mirrors`` are as good, should that one not answer.
    """

    digest: str
    format: Literal["qcow2", "raw"]
    size: int
    virtual_size: int
    url: str = ""
    mirrors: tuple[str, ...] = ()


class NetworkGoal(Message, frozen=True):
    """A host-local network: bridge, gateway address, DHCP for the ports that are bound to it."""

    id: str
    cidr: str
    gateway: str | None
    dns: tuple[str, ...] = ()
    mtu: int = 1500
    dhcp: bool = True

    @property
    def serves_dhcp(self) -> bool:
        """Say whether DHCP answers: it does so from the gateway's address, so without a gateway it cannot."""
        return self.dhcp and self.gateway is not None


class PortGoal(Message, frozen=True):
    """A NIC: which network, which MAC, which fixed address."""

    id: str
    network: NetworkGoal
    mac: str
    address: str | None


class DriveGoal(Message, frozen=True):
    """What the config drive tells the guest. ``user_data`` is base64."""

    hostname: str
    name: str
    project: str
    launch_index: int = 0
    metadata: dict[str, str] = {}
    keys: dict[str, str] = {}
    user_data: str | None = None


class Device(Message, frozen=True):
    """One piece of a guest's hardware: where it sits. ``role`` names it: ``disk:root``, ``nic:<mac>``…

    ``target`` is the device's name on the host (``vda``, a tap), ``model`` its bus or card.
    """

    role: str
    address: dict[str, str]
    alias: str = ""
    target: str = ""
    model: str = ""


class Hardware(Message, frozen=True):
    """A guest's hardware as it was first defined: an ABI towards the guest, kept in SQL and reused ever after."""

    machine: str
    cpu: str
    devices: tuple[Device, ...]
    emulator: str = ""


class Goal(Message, frozen=True):
    """How a server is to be on its host at a generation: ``power`` on, off, or gone (nothing of it is to be left)."""

    server: str
    generation: int
    power: Power
    restart: Literal["soft", "hard"] | None = None
    guest: Guest | None = None
    image: ImageSource | None = None
    ports: tuple[PortGoal, ...] = ()
    drive: DriveGoal | None = None
    hardware: Hardware | None = None

    def digest(self) -> str:
        """Give a digest of all that outlives one sending: not the URL, not the restart."""
        image = msgspec.structs.replace(self.image, url="", mirrors=()) if self.image else None
        lasting = msgspec.structs.replace(self, image=image, restart=None)
        return hashlib.sha256(msgspec.json.encode(lasting, order="sorted")).hexdigest()


class Wanted(Message, frozen=True):
    """One line of the desired list that a host is welcomed with."""

    server: str
    generation: int
    power: Power
    digest: str


class Welcome(Message, frozen=True):
    """The answer to a hello: the epoch to speak under, how long, and what should be on the host."""

    hello: str
    epoch: int
    lease_seconds: float
    wanted: tuple[Wanted, ...]
    at: datetime


class Lease(Message, frozen=True):
    """The answer to a heartbeat. ``beat`` repeats its number: the lease counts from when that was sent.

    ``lease_seconds`` 0 is the answer to one of an old epoch: another hello of this host was accepted since.
    """

    beat: int
    lease_seconds: float
    at: datetime


class Query(Message, frozen=True):
    """A question about a server, answered by an event: ``console`` gives its last ``length`` lines (None: all kept)."""

    id: str
    what: Literal["console"]
    length: int | None = None


class Command(Message, frozen=True):
    """An envelope to one host. ``expires`` is controller time; ``request_id`` is the API request behind it."""

    id: str
    host: str
    host_epoch: int
    verb: Literal["welcome", "lease", "converge", "query"]
    body: msgspec.Raw
    expires: datetime
    server: str = ""
    generation: int = 0
    request_id: str = ""


class Sealed(Message, frozen=True):
    """What is on the bus: a command's own bytes, and their signature (HMAC-SHA256, hex) with the host's key ``key``.

    Both are empty for a host without a key.
    """

    key: str
    signature: str
    command: msgspec.Raw


COMMANDS: dict[str, type[Message]] = {"welcome": Welcome, "lease": Lease, "converge": Goal, "query": Query}
"""Each verb's body."""


# ---- reports: host -> controller ---------------------------------------------------------------------------
class Cell(Message, frozen=True):
    """A NUMA cell: its CPUs and memory in MiB; huge pages as {size in KiB: count}."""

    id: Number
    cpus: tuple[Number, ...]
    memory_mib: Amount
    pages: dict[str, Amount] = {}


class PciDevice(Message, frozen=True):
    """A PCI device of the host, as it is listed."""

    address: str
    vendor: str
    product: str
    name: str = ""
    cell: Number | None = None


class Route(Message, frozen=True):
    """An IPv4 range that a host reaches through one of its devices."""

    cidr: str
    device: str


class Inventory(Message, frozen=True):
    """What a host has. Totals are physical; ``reserved`` is what guests never get, by resource class."""

    cpus: Amount
    memory_mib: Amount
    disk_gib: Amount
    disk_free_gib: Amount
    reserved: dict[str, Amount]
    cells: tuple[Cell, ...] = ()
    pages: dict[str, Amount] = {}
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


def pack(message: msgspec.Struct) -> bytes:
    """Write a message as JSON."""
    return msgspec.json.encode(message)


def raw(message: msgspec.Struct) -> msgspec.Raw:
    """Write a message as the body of an envelope."""
    return msgspec.Raw(msgspec.json.encode(message))


def unpack(data: bytes | msgspec.Raw, kind: type[M]) -> M:
    """Read a message.

    :raises BadRequest: it is too big, or not of that kind.
    """
    view = bytes(data)
    if len(view) > LIMIT:
        raise errors.BadRequest(f"a message of {len(view)} bytes is over the limit of {LIMIT}")
    try:
        if NUL in view:  # seldom: else each message would be read twice
            _refuse_nul(msgspec.json.decode(view))
        return msgspec.json.decode(view, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise errors.BadRequest(f"not a {kind.__name__}: {error}") from error


def _refuse_nul(value: Any) -> None:
    """See that no text has the one character that databases do not take.

    :raises BadRequest: one has.
    """
    if isinstance(value, str) and "\0" in value:
        raise errors.BadRequest("a text has a NUL in it")
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for inner in value:
            _refuse_nul(inner)


def body_of(envelope: Command | Event) -> Any:
    """Read the body of an envelope as what its verb or kind says.

    :raises BadRequest: the body does not fit.
    """
    kind = COMMANDS[envelope.verb] if isinstance(envelope, Command) else EVENTS[envelope.kind]
    return unpack(envelope.body, kind)
