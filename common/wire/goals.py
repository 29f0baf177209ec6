"""Goals: how a server is to be. They go to hosts, and their hardware comes back."""

import hashlib
from typing import Literal

import msgspec

from common.guest import Guest
from common.states import Power
from common.wire.limits import Message


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


class PlacedCell(Message, frozen=True):
    """Where one cell of a guest goes: the host's NUMA cell, and the guest's ``vcpus`` and memory (MiB) that are there.

    ``cpus``: the host's CPUs for its dedicated vCPUs, in the order of these. ``page_kib``: size of its memory's pages,
    0: ordinary ones.
    """

    cell: int
    vcpus: tuple[int, ...]
    memory_mib: int
    cpus: tuple[int, ...] = ()
    page_kib: int = 0


class Placement(Message, frozen=True):
    """What of its host a server has: a place for each of the guest's cells, in their order; devices' addresses.

    The scheduler chose it and the ledger holds it: the host obeys, or says why it cannot.
    """

    cells: tuple[PlacedCell, ...] = ()
    devices: tuple[str, ...] = ()


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
    placement: Placement | None = None

    def digest(self) -> str:
        """Give a digest of all that outlives one sending: not the URL, not the restart."""
        image = msgspec.structs.replace(self.image, url="", mirrors=()) if self.image else None
        lasting = msgspec.structs.replace(self, image=image, restart=None)
        return hashlib.sha256(msgspec.json.encode(lasting, order="sorted")).hexdigest()
