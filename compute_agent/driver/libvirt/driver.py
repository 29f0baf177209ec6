"""The driver: each method lends a connection and hands over to the module that knows."""

import logging
from pathlib import Path

import libvirt

from common import errors
from common.clock import Clock
from common.settings import Settings
from common.states import Power
from common.wire import DriveGoal, Goal, Hardware, ImageSource, Inventory, NetworkGoal, PortGoal, Usage
from compute_agent.domain_xml import builder
from compute_agent.domain_xml.domain import Domain
from compute_agent.domain_xml.hardware import hardware_of
from compute_agent.domain_xml.host import GuestFiles, HostFacts
from compute_agent.driver.contract import Listing, Sink
from compute_agent.driver.libvirt import domains, host, networks
from compute_agent.driver.libvirt.abilities import abilities
from compute_agent.driver.libvirt.connection import Connections
from compute_agent.driver.libvirt.faults import ours
from compute_agent.driver.libvirt.storage.images import GIB, ImageCache
from compute_agent.driver.libvirt.storage.instances import Instances
from compute_agent.driver.libvirt.storage.paths import Paths
from compute_agent.driver.libvirt.usermode import SshForwards
from compute_agent.lanes import SPARE
from compute_agent.resources import probe

LOG = logging.getLogger(__name__)


class LibvirtDriver:
    """A host whose guests run under libvirt and QEMU."""

    features: frozenset[str] = frozenset()
    instant: bool = False

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._paths = Paths(Path(settings.state.path))
        self._images = ImageCache(self._paths, settings.images, clock)
        self._instances = Instances(self._paths, self._images)
        self._forwards = SshForwards(self._paths, settings.libvirt.ssh_ports)
        self._connections = Connections(
            settings.libvirt.uri, clock, settings.agent.workers + SPARE, settings.libvirt.call_seconds
        )
        self._meter = probe.CpuMeter()
        self._choice: host.Choice | None = None
        self._facts: HostFacts | None = None

    def connect(self, sink: Sink) -> None:
        """Find out what the host can do, open the connections and begin to hear events.

        :raises HypervisorError: libvirt is not there, or runs no guests of ours.
        """
        self._paths.make()
        self._choice = host.choose(self._settings)
        LOG.info("%s", self._choice.why)
        self._connections.open(sink)
        self._facts = host.facts(self._connections.read(), self._choice, self._settings, self._paths)
        self.features = abilities(self._facts)

    def close(self) -> None:
        """Let go of all connections. Guests go on running."""
        self._connections.close()

    def inventory(self) -> Inventory:
        """Look at the host."""
        assert self._choice is not None, "connect comes first"
        with self._connections.pool.lend() as connection:
            return host.inventory(connection, self._choice, self._settings, self._paths)

    def listing(self) -> Listing:
        """List domains with their power, and files without a domain."""
        listing = domains.listing(self._connections.read())
        there = {present.server for present in listing.present}
        return listing._replace(files=tuple(server for server in self._instances.servers() if server not in there))

    def usage(self) -> Usage:
        """Measure the host and its guests."""
        total, available = probe.memory()
        return Usage(
            cpu_percent=self._meter.percent(),
            memory_used_mib=total - available,
            disk_free_gib=probe.disk(self._paths.root).free // GIB,
            servers=domains.usage(self._connections.read()),
            uptime=probe.uptime(),
        )

    def ensure_image(self, image: ImageSource) -> None:
        """Have the image in the cache."""
        self._images.ensure(image)

    def prune_images(self, keep: frozenset[str]) -> tuple[str, ...]:
        """Drop cached images over the limits."""
        return self._images.prune(keep)

    def ensure_network(self, network: NetworkGoal) -> None:
        """Have the network defined and running; with user-mode networking there is none."""
        if self._bridged():
            with self._connections.pool.lend() as connection:
                networks.ensure(connection, network.id, builder.network(network).to_xml())

    def remove_network(self, network: str) -> bool:
        """Remove a network that no domain uses."""
        with self._connections.pool.lend() as connection:
            return networks.remove(connection, network)

    def own_networks(self) -> tuple[str, ...]:
        """Give the ids of all networks here that carry our mark."""
        with self._connections.pool.lend() as connection:
            return networks.listing(connection)

    def bind_port(self, port: PortGoal) -> None:
        """Let the network's DHCP give the port its address."""
        if self._bridged() and port.network.serves_dhcp and port.address:
            with self._connections.pool.lend() as connection:
                networks.bind(connection, port.network.id, port.mac, port.address)

    def unbind_port(self, network: str, mac: str) -> None:
        """Take the address of a port's MAC back."""
        with self._connections.pool.lend() as connection:
            networks.unbind(connection, network, mac)

    def network_leftovers(self) -> dict[str, tuple[str, ...]]:
        """Give each network of ours, with the MACs that have an address there and belong to no domain."""
        with self._connections.pool.lend() as connection:
            return networks.leftovers(connection)

    def ensure_disk(self, server: str, image: ImageSource, disk_gib: int) -> None:
        """Have the server's root disk."""
        self._instances.ensure_disk(server, image, disk_gib)

    def ensure_drive(self, server: str, drive: DriveGoal, ports: tuple[PortGoal, ...]) -> None:
        """Have the server's config drive."""
        self._instances.ensure_drive(server, drive, ports)

    def define(self, goal: Goal) -> Hardware:
        """Author the domain's XML from the goal, define it, and read its hardware back."""
        assert self._facts is not None, "connect comes first"
        assert goal.image is not None, "a server has an image"
        self._instances.check_present(goal.server, goal.image)
        xml = builder.domain(goal, self._facts, self._files(goal, goal.image)).to_xml()
        with self._connections.pool.lend() as connection, ours(f"define {goal.server}"):
            before = domains.find(connection, goal.server)
            dropped = _dropped(before, goal) if before else ()
            for network, mac in dropped:
                networks.unbind(connection, network, mac)
            domain = connection.defineXMLFlags(xml)
            for network, _ in dropped:
                networks.remove(connection, network)
            return hardware_of(_described(domain))

    def start(self, server: str) -> None:
        """Start the domain; with user-mode networking its SSH gets a port."""
        with self._connections.pool.lend() as connection:
            domains.start(connection, server)
            if not self._bridged():
                self._forwards.forward(connection, server)

    def shutdown(self, server: str) -> None:
        """Press the guest's power button."""
        with self._connections.pool.lend() as connection:
            domains.shutdown(connection, server)

    def destroy(self, server: str) -> None:
        """Cut the guest's power; this may use the connection that is kept for rescue."""
        with self._connections.pool.lend(urgent=True) as connection:
            domains.destroy(connection, server)

    def power(self, server: str) -> Power:
        """Say how the domain is."""
        return domains.power(self._connections.read(), server)

    def undefine(self, server: str) -> None:
        """Remove the domain and all that libvirt keeps of it."""
        with self._connections.pool.lend() as connection:
            domains.undefine(connection, server)

    def remove_files(self, server: str) -> None:
        """Remove the files of a server whose domain is gone."""
        self._instances.remove(server)

    def console(self, server: str, length: int | None) -> str:
        """Give the end of the serial console.

        :raises GoneOnHost: there is no such domain.
        """
        if self.power(server) is Power.GONE:
            raise errors.GoneOnHost(f"server {server} is not on this host")
        return self._instances.console(server, length)

    def notes(self, server: str) -> dict[str, str]:
        """Say where the server's SSH is forwarded from, if it is."""
        address = None if self._bridged() else self._forwards.address(server)
        return {"ssh": address} if address else {}

    def _bridged(self) -> bool:
        return self._choice is None or self._choice.networks == "bridge"

    def _files(self, goal: Goal, image: ImageSource) -> GuestFiles:
        return GuestFiles(
            disk=str(self._paths.disk(goal.server)),
            console=str(self._paths.console(goal.server)),
            base=str(self._paths.image(image.digest, image.format)),
            base_format=image.format,
            drive=str(self._paths.drive(goal.server)) if goal.drive else None,
        )


def _described(domain: libvirt.virDomain) -> Domain:
    return Domain.from_xml(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))


def _dropped(before: libvirt.virDomain, goal: Goal) -> tuple[tuple[str, str], ...]:
    """Give network and MAC of each NIC that a domain has and its new goal has not."""
    nics = _described(before).devices.interfaces
    kept = {port.mac for port in goal.ports}
    return tuple((n.network.removeprefix("toft-"), n.mac) for n in nics if n.network and n.mac and n.mac not in kept)


def make(settings: Settings, clock: Clock) -> LibvirtDriver:
    """Make the driver; it touches nothing before ``connect``."""
    return LibvirtDriver(settings, clock)
