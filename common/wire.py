"""What crosses the bus: commands to a host, events from it. The Structs are the schema.

A command says how a thing is to be (a goal at a generation), never what to do; an event says what was seen. Both are
JSON.

    controller -> host   Command: welcome, lease, converge, query
    host -> controller   Event:   hello, heartbeat, inventory, states, usage, settled, failed, power, stale, answer
"""

import hashlib
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from common import errors
from common.guest import Guest
from common.states import Power

LIMIT = 512 * 1024
"""Bytes that one message may have."""

M = TypeVar("M")


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

    id: int
    cpus: tuple[int, ...]
    memory_mib: int
    pages: dict[str, int] = {}


class PciDevice(Message, frozen=True):
    """A PCI device of the host, as it is listed."""

    address: str
    vendor: str
    product: str
    name: str = ""
    cell: int | None = None


class Route(Message, frozen=True):
    """An IPv4 range that a host reaches through one of its devices."""

    cidr: str
    device: str


class Inventory(Message, frozen=True):
    """What a host has. Totals are physical; ``reserved`` is what guests never get, by resource class."""

    cpus: int
    memory_mib: int
    disk_gib: int
    disk_free_gib: int
    reserved: dict[str, int]
    cells: tuple[Cell, ...] = ()
    pages: dict[str, int] = {}
    arch: str = "x86_64"
    cpu_model: str = ""
    cpu_vendor: str = ""
    topology: dict[str, int] = {}
    traits: tuple[str, ...] = ()
    pci: tuple[PciDevice, ...] = ()
    machines: tuple[str, ...] = ()
    virt_type: str = "qemu"
    versions: dict[str, str] = {}
    routes: tuple[Route, ...] = ()
    address: str = "127.0.0.1"
    overhead_mib: int = 0


class Present(Message, frozen=True):
    """A domain of ours on a host: its power and the generation that the agent knows it at (0: none)."""

    server: str
    generation: int
    power: Power
    settled: bool = False
    reason: str = ""


class Hello(Message, frozen=True):
    """An agent introduces itself. ``id`` is new for each hello; the welcome repeats it.

    ``keys``: ids of those that it takes commands' signatures of; none: it has no key.

    ``unanswered``: hellos and leases in a row, just before, whose answer never came. ``began``: when the agent's
    process began, in monotonic seconds of this boot: of two processes for one host the later one speaks for it.
    """

    id: str
    name: str
    boot_id: str
    version: str
    features: tuple[str, ...]
    inventory: Inventory
    present: tuple[Present, ...]
    strangers: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    copies: dict[str, str] = {}
    unanswered: int = 0
    began: float = 0.0


class Heartbeat(Message, frozen=True):
    """A sign of life, numbered.

    ``answered`` is the newest beat whose answer came (0: none yet; -1: an agent that does not say). ``stuck`` names
    each lane with a call on the hypervisor that does not come back, and the call.
    """

    beat: int
    answered: int = -1
    stuck: dict[str, str] = {}


class States(Message, frozen=True):
    """All domains of ours on the host, now, and uuids of those that are not.

    ``copies``: of the latter, those that carry the mark of a server of ours -> that server, as virt-clone makes them.
    """

    present: tuple[Present, ...]
    strangers: tuple[str, ...] = ()
    copies: dict[str, str] = {}


class ServerUsage(Message, frozen=True):
    """One guest's use. CPU in nanoseconds, memory in KiB, traffic in bytes; counters since its start."""

    server: str
    cpu_ns: int = 0
    memory_kib: int = 0
    disk_read: int = 0
    disk_written: int = 0
    net_received: int = 0
    net_sent: int = 0


class Usage(Message, frozen=True):
    """What the host and its guests use now. ``uptime`` is written as uptime(1) does; empty: not known."""

    cpu_percent: float
    memory_used_mib: int
    disk_free_gib: int
    servers: tuple[ServerUsage, ...] = ()
    uptime: str = ""


class Settled(Message, frozen=True):
    """The server is as its goal says. ``hardware`` comes with the first define.

    ``took``: seconds by what was done, in order; ``tries``: why earlier tries failed.
    """

    power: Power
    hardware: Hardware | None = None
    notes: dict[str, str] = {}
    took: dict[str, float] = {}
    tries: tuple[str, ...] = ()


class Failed(Message, frozen=True):
    """The goal cannot be reached: an error's code, the reason for people; ``took`` and ``tries`` as in ``Settled``."""

    code: str
    reason: str
    took: dict[str, float] = {}
    tries: tuple[str, ...] = ()


class PowerSeen(Message, frozen=True):
    """A guest's power changed by itself."""

    power: Power
    reason: str = ""


class Stale(Message, frozen=True):
    """A command came under an old epoch and was dropped."""

    command: str
    host_epoch: int


class Answer(Message, frozen=True):
    """The answer to a query: text, or an error."""

    query: str
    text: str = ""
    code: str = ""
    reason: str = ""


class Event(Message, frozen=True):
    """An envelope from one host. ``seq`` grows by one for each event of a journal."""

    id: str
    host: str
    host_epoch: int
    seq: int
    kind: Literal["hello", "heartbeat", "inventory", "states", "usage", "settled", "failed", "power", "stale", "answer"]
    body: msgspec.Raw
    at: datetime
    server: str = ""
    generation: int = 0
    request_id: str = ""


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
        return msgspec.json.decode(view, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise errors.BadRequest(f"not a {kind.__name__}: {error}") from error


def body_of(envelope: Command | Event) -> Any:
    """Read the body of an envelope as what its verb or kind says.

    :raises BadRequest: the body does not fit.
    """
    kind = COMMANDS[envelope.verb] if isinstance(envelope, Command) else EVENTS[envelope.kind]
    return unpack(envelope.body, kind)
