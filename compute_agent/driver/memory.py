"""A hypervisor that only pretends: for tests, labs and simulation. It keeps the contract of the real one.

What a host of it holds (domains, disks, networks, leases, cached images) lives in the driver and outlives the agent's
session, as it would on a real host. ``boot()`` is the host's restart.
"""

from collections import Counter
from collections.abc import Callable
from threading import RLock

import msgspec

from common import errors
from common.guest import features
from common.states import Power
from common.wire import (
    Device,
    DriveGoal,
    Goal,
    Hardware,
    ImageSource,
    Inventory,
    NetworkGoal,
    PortGoal,
    Present,
    ServerUsage,
    Usage,
)
from compute_agent.driver.contract import DomainEvent, Listing, Sink
from compute_agent.placement import seat

INVENTORY = Inventory(
    cpus=16,
    memory_mib=65536,
    disk_gib=1000,
    disk_free_gib=900,
    reserved={"VCPU": 0, "MEMORY_MB": 1024, "DISK_GB": 10},
    cpu_model="pretended",
    machines=("q35",),
    overhead_mib=64,
)
"""What a host has unless told otherwise."""

UPTIME = " 12:00:00 up 1 min,  0 users,  load average: 0.00, 0.00, 0.00"
"""How long a pretended host is up, always."""

STRIDE = 8
"""Slots between the kinds of devices, so that one more of a kind moves no other."""


class Domain(msgspec.Struct):
    """A pretended guest."""

    goal: Goal
    hardware: Hardware
    power: Power = Power.OFF
    boots: int = 0
    stubborn: bool = False
    console: str = ""


class MemoryDriver:
    """Everything at once, and nothing real.

    :param fetch: called for each image that is not cached; raises what a failed fetch raises.
    """

    features: frozenset[str] = features.ALL | {"console", "config-drive", "machine:q35", "arch:x86_64", "virt:kvm"}
    instant: bool = True

    def __init__(self, inventory: Inventory = INVENTORY, fetch: Callable[[ImageSource], None] | None = None) -> None:
        self._inventory, self._fetch = inventory, fetch
        self._lock = RLock()
        self._sink: Sink | None = None
        self._faults: dict[str, list[Exception]] = {}
        self.calls: Counter[str] = Counter()
        self.domains: dict[str, Domain] = {}
        self.disks: dict[str, tuple[str, int]] = {}
        self.drives: dict[str, DriveGoal] = {}
        self.images: set[str] = set()
        self.networks: dict[str, NetworkGoal] = {}
        self.ports: dict[str, PortGoal] = {}
        self.strangers: set[str] = set()
        self.copies: dict[str, str] = {}

    # ---- the world's side: what tests and labs do to the host ----------------------------------------------
    def fail(self, name: str, *failures: Exception) -> None:
        """Let the next calls of the method ``name`` raise these, one each."""
        self._faults.setdefault(name, []).extend(failures)

    def power_off(self, server: str, reason: str = "the guest shut down", power: Power = Power.OFF) -> None:
        """Let a guest stop by itself (``power``: off or crashed), as seen by the sink."""
        with self._lock:
            self.domains[server].power = power
        self._tell(DomainEvent(server, power, reason))

    def power_on(self, server: str, reason: str = "started by someone on the host") -> None:
        """Let someone start a guest behind the agent's back."""
        with self._lock:
            self.domains[server].power = Power.ON
        self._tell(DomainEvent(server, Power.ON, reason))

    def lose_events(self) -> None:
        """Let the connection to the hypervisor break and come back."""
        self._tell(DomainEvent("", None, "the connection was lost", lost=True))

    def boot(self) -> None:
        """Restart the host: no guest runs, nothing else is lost, nobody hears of it."""
        for domain in self.domains.values():
            domain.power = Power.OFF

    def resize(self, inventory: Inventory) -> None:
        """Let the host have something else from now on."""
        self._inventory = inventory

    # ---- the contract --------------------------------------------------------------------------------------
    def connect(self, sink: Sink) -> None:
        """Begin to hear events."""
        self._called("connect")
        self._sink = sink

    def close(self) -> None:
        """Hear events no more."""
        self._sink = None

    def inventory(self) -> Inventory:
        """Give what the host pretends to have."""
        self._called("inventory")
        return self._inventory

    def listing(self) -> Listing:
        """List all domains, and files without one."""
        self._called("listing")
        with self._lock:
            present = tuple(
                Present(server=server, generation=domain.goal.generation, power=domain.power)
                for server, domain in sorted(self.domains.items())
            )
            files = sorted((self.disks.keys() | self.drives.keys()) - self.domains.keys())
        strangers = self.strangers | self.copies.keys()
        return Listing(present, tuple(sorted(strangers)), tuple(sorted(self.copies.items())), tuple(files))

    def usage(self) -> Usage:
        """Give a use that only depends on how many guests run."""
        self._called("usage")
        with self._lock:
            running = [server for server, domain in sorted(self.domains.items()) if domain.power is Power.ON]
            memory = [guest.memory_mib for server in running if (guest := self.domains[server].goal.guest)]
        servers = tuple(
            ServerUsage(server=server, memory_kib=mib * 1024) for server, mib in zip(running, memory, strict=True)
        )
        busy = min(100.0, 100.0 * len(running) / self._inventory.cpus)
        return Usage(
            cpu_percent=busy,
            memory_used_mib=sum(memory),
            disk_free_gib=self._inventory.disk_free_gib,
            servers=servers,
            uptime=UPTIME,
        )

    def ensure_image(self, image: ImageSource) -> None:
        """Have the image in the cache."""
        self._called("ensure_image")
        if image.digest not in self.images and self._fetch is not None:
            self._fetch(image)
        self.images.add(image.digest)

    def prune_images(self, keep: frozenset[str]) -> tuple[str, ...]:
        """Drop all images that no disk stands on and ``keep`` does not name: this cache has no room to spare."""
        self._called("prune_images")
        with self._lock:
            used = {digest for digest, size in self.disks.values()}
            dropped = tuple(sorted(self.images - used - keep))
            self.images -= set(dropped)
        return dropped

    def ensure_network(self, network: NetworkGoal) -> None:
        """Have the network."""
        self._called("ensure_network")
        self.networks[network.id] = network

    def remove_network(self, network: str) -> bool:
        """Remove a network that no domain uses."""
        self._called("remove_network")
        return self._removed(network)

    def _removed(self, network: str) -> bool:
        with self._lock:
            goals = [domain.goal for domain in self.domains.values()]
            if any(port.network.id == network for goal in goals for port in goal.ports):
                return False
            self.networks.pop(network, None)
            self.ports = {key: port for key, port in self.ports.items() if port.network.id != network}
        return True

    def bind_port(self, port: PortGoal) -> None:
        """Let the network know the port's address."""
        self._called("bind_port")
        if port.network.id not in self.networks:
            raise errors.GoneOnHost(f"network {port.network.id} is not on this host")
        self.ports[port.id] = port

    def unbind_port(self, network: str, mac: str) -> None:
        """Take that back."""
        self._called("unbind_port")
        with self._lock:
            self.ports = {id_: p for id_, p in self.ports.items() if (p.network.id, p.mac) != (network, mac)}

    def network_leftovers(self) -> dict[str, tuple[str, ...]]:
        """Give each network, with the MACs that have an address there and belong to no domain."""
        self._called("network_leftovers")
        with self._lock:
            owned = {port.mac for domain in self.domains.values() for port in domain.goal.ports}
            bound = [(port.network.id, port.mac) for port in self.ports.values() if port.mac not in owned]
            return {id_: tuple(sorted(mac for net, mac in bound if net == id_)) for id_ in sorted(self.networks)}

    def ensure_disk(self, server: str, image: ImageSource, disk_gib: int) -> None:
        """Have the server's root disk."""
        self._called("ensure_disk")
        if server in self.disks:
            return
        if image.digest not in self.images:
            raise errors.GoneOnHost(f"image {image.digest} is not in this host's cache")
        self.disks[server] = (image.digest, max(disk_gib, -(-image.virtual_size // 1024**3)))

    def ensure_drive(self, server: str, drive: DriveGoal, ports: tuple[PortGoal, ...]) -> None:
        """Have the server's config drive."""
        self._called("ensure_drive")
        self.drives.setdefault(server, drive)

    def define(self, goal: Goal) -> Hardware:
        """Define the domain, or take its new goal; devices that were there keep their place."""
        self._called("define")
        if goal.server not in self.disks:
            raise errors.GoneOnHost(f"the disk of server {goal.server} is missing")
        self._place(goal)
        digest, _ = self.disks[goal.server]
        if digest not in self.images:
            raise errors.GoneOnHost(f"image {digest}, the base of server {goal.server}'s disk, is missing")
        with self._lock:
            domain = self.domains.get(goal.server)
            known = goal.hardware or (domain.hardware if domain else None)
            hardware = _hardware(goal, known)
            before = domain.goal.ports if domain else ()
            if domain is None:
                self.domains[goal.server] = Domain(goal, hardware)
            else:
                domain.goal, domain.hardware = goal, hardware
        for port in before:
            if port.id not in {kept.id for kept in goal.ports}:
                self.ports.pop(port.id, None)
                self._removed(port.network.id)
        return hardware

    def _place(self, goal: Goal) -> None:
        """Refuse a placement that contradicts its guest, or names what this host has not."""
        if goal.guest is not None:
            seat(goal.guest, goal.placement, self._inventory.cells)
        asked = set(goal.placement.devices if goal.placement else ())
        if missing := asked - {device.address for device in self._inventory.pci}:
            raise errors.HypervisorError(
                f"the server was given devices that are not here: {', '.join(sorted(missing))}"
            )

    def start(self, server: str) -> None:
        """Start the domain."""
        self._called("start")
        with self._lock:
            domain = self._domain(server)
            for port in domain.goal.ports:
                if port.network.id not in self.networks:
                    raise errors.HypervisorError(f"network {port.network.id} is not on this host")
            if domain.power not in (Power.ON, Power.PAUSED):
                domain.power = Power.ON
                domain.boots += 1
                domain.console += f"boot {domain.boots} of {server}\nlogin: "

    def shutdown(self, server: str) -> None:
        """Ask the guest to power off: it does at once, unless it is ``stubborn``."""
        self._called("shutdown")
        with self._lock:
            domain = self._domain(server)
            if not domain.stubborn and domain.power is Power.ON:
                domain.power = Power.OFF

    def destroy(self, server: str) -> None:
        """Cut the guest's power."""
        self._called("destroy")
        with self._lock:
            if server in self.domains:
                self.domains[server].power = Power.OFF

    def power(self, server: str) -> Power:
        """Say how the domain is."""
        self._called("power")
        domain = self.domains.get(server)
        return domain.power if domain else Power.GONE

    def undefine(self, server: str) -> None:
        """Remove the domain."""
        self._called("undefine")
        self.domains.pop(server, None)

    def remove_files(self, server: str) -> None:
        """Remove disk and drive."""
        self._called("remove_files")
        self.disks.pop(server, None)
        self.drives.pop(server, None)

    def console(self, server: str, length: int | None) -> str:
        """Give the end of what the guest wrote."""
        self._called("console")
        lines = self._domain(server).console.splitlines(keepends=True)
        return "".join(lines if length is None else lines[len(lines) - min(length, len(lines)) :])

    def notes(self, server: str) -> dict[str, str]:
        """Give nothing: a pretended guest has no SSH."""
        self._called("notes")
        return {}

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        if self._faults.get(name):
            raise self._faults[name].pop(0)

    def _domain(self, server: str) -> Domain:
        try:
            return self.domains[server]
        except KeyError:
            raise errors.GoneOnHost(f"there is no domain of server {server} on this host") from None

    def _tell(self, event: DomainEvent) -> None:
        if self._sink is not None:
            self._sink(event)


def _hardware(goal: Goal, known: Hardware | None) -> Hardware:
    """Give each device a slot; one that was known keeps its own."""
    places = {device.role: device for device in known.devices} if known else {}
    roles = ["disk:root", *(["disk:config"] if goal.drive else []), *(f"nic:{port.id}" for port in goal.ports)]
    taken = {device.address["slot"] for device in places.values()}
    free = (str(slot) for slot in range(STRIDE * 4 + len(taken)) if str(slot) not in taken)
    devices = tuple(places.get(role) or Device(role=role, address={"slot": next(free)}) for role in roles)
    machine = known.machine if known else (goal.guest and goal.guest.machine) or "q35"
    return Hardware(machine=machine, cpu=known.cpu if known else "pretended", devices=devices)
