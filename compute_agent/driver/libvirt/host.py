"""What libvirt and the kernel tell of this host, put together as an Inventory and as what the builder must know."""

import importlib.metadata
import os
from pathlib import Path
from typing import Literal, NamedTuple
from xml.etree import ElementTree

import libvirt

from common import errors
from common.resources import DISK_GB, MEMORY_MB, VCPU
from common.settings import Settings
from common.wire import Inventory, PciDevice
from compute_agent.domain_xml import caps
from compute_agent.domain_xml.host import HostFacts
from compute_agent.driver.libvirt import kvm, numa, taps
from compute_agent.driver.libvirt.faults import ours
from compute_agent.driver.libvirt.storage.paths import Paths
from compute_agent.resources import probe

ARCH = "x86_64"
GIB = 1024**3
PARTS = ("domain", "bus", "slot", "function")
"""Of a PCI address, as libvirt names them."""

INSISTED = "the settings say so"

VHOST = Path("/dev/vhost-net")


class Choice(NamedTuple):
    """What was found out at the start: how guests run, how they reach networks, and why."""

    virt_type: Literal["kvm", "qemu"]
    networks: Literal["bridge", "user"]
    why: str


def choose(settings: Settings) -> Choice:
    """Settle what the settings leave to be found out.

    :raises SettingsError: a setting has a value that does not exist.
    """
    virt, virt_why = _virt_type(settings)
    networks, networks_why = _networks(settings)
    return Choice(virt, networks, f"virt_type {virt}: {virt_why}; network {networks}: {networks_why}")


def _virt_type(settings: Settings) -> tuple[Literal["kvm", "qemu"], str]:
    wish = settings.libvirt.virt_type
    if wish == "auto":
        proof = kvm.prove(Path(settings.state.path))
        return ("kvm" if proof.works else "qemu"), proof.why
    if wish == "kvm":
        return "kvm", INSISTED
    if wish == "qemu":
        return "qemu", INSISTED
    raise errors.SettingsError(f"[libvirt] virt_type must be auto, kvm or qemu, not {wish!r}")


def _networks(settings: Settings) -> tuple[Literal["bridge", "user"], str]:
    wish = settings.libvirt.network
    if wish == "auto":
        refusal = taps.refusal()
        return ("user", refusal) if refusal else ("bridge", "taps and bridges can be made")
    if wish == "bridge":
        return "bridge", INSISTED
    if wish == "user":
        return "user", INSISTED
    raise errors.SettingsError(f"[libvirt] network must be auto, bridge or user, not {wish!r}")


def facts(connection: libvirt.virConnect, choice: Choice, settings: Settings, paths: Paths) -> HostFacts:
    """Give what the builder must know.

    :raises HypervisorError: this libvirt runs no guests of our architecture.
    :raises SettingsError: CPUs are to be dedicated that the host has not.
    """
    known = capabilities(connection)
    arch = known.arch(ARCH)
    if arch is None or arch.emulator is None:
        raise errors.HypervisorError(f"libvirt has no emulator for {ARCH}; is QEMU installed?")
    return HostFacts(
        virt_type=choice.virt_type,
        emulator=arch.emulator,
        machines=known.machines(ARCH),
        arch=ARCH,
        networks=choice.networks,
        vnc_listen=settings.libvirt.vnc_listen,
        direct_io=knows_direct_io(paths.instances),
        vhost=VHOST.exists(),
        cells=numa.cells(known.host or caps.Host(), settings),
    )


def capabilities(connection: libvirt.virConnect) -> caps.Capabilities:
    """Read libvirt's capabilities."""
    with ours("read capabilities"):
        return caps.Capabilities.from_xml(connection.getCapabilities())


def knows_direct_io(folder: Path) -> bool:
    """Say whether files in a folder can be opened with O_DIRECT; those on tmpfs and 9p cannot."""
    trial = folder / "direct-io"
    try:
        os.close(os.open(trial, os.O_RDWR | os.O_CREAT | os.O_DIRECT, 0o600))
    except OSError:
        return False
    finally:
        trial.unlink(missing_ok=True)
    return True


def inventory(connection: libvirt.virConnect, choice: Choice, settings: Settings, paths: Paths) -> Inventory:
    """Look at the host."""
    known = capabilities(connection)
    host = known.host or caps.Host()
    cells = numa.cells(host, settings)
    memory, _ = probe.memory()
    disk = probe.disk(paths.root)
    machines = known.machines(ARCH)
    return Inventory(
        cpus=sum(len(cell.cpus) for cell in cells) or os.cpu_count() or 1,
        memory_mib=memory,
        disk_gib=disk.total // GIB,
        disk_free_gib=disk.free // GIB,
        reserved={
            VCPU: settings.agent.reserved_cpus,
            MEMORY_MB: settings.agent.reserved_memory_mib + numa.huge_mib(cells),
            DISK_GB: settings.agent.reserved_disk_gib,
        },
        cells=cells,
        pages=numa.huge_pages(cells),
        arch=host.arch or ARCH,
        cpu_model=host.cpu_model or "",
        cpu_vendor=host.cpu_vendor or "",
        topology=_topology(host),
        traits=probe.cpu_traits(probe.cpu_flags()),
        pci=pci_devices(connection),
        machines=tuple(sorted({*machines, *machines.values()})),
        virt_type=choice.virt_type,
        versions=versions(connection),
        routes=probe.routes(),
        overhead_mib=settings.agent.overhead_mib,
    )


def _topology(host: caps.Host) -> dict[str, int]:
    parts = host.topology
    named = {"sockets": parts.sockets, "cores": parts.cores, "threads": parts.threads} if parts else {}
    return {name: count for name, count in named.items() if count}


def versions(connection: libvirt.virConnect) -> dict[str, str]:
    """Give the versions of libvirt, the hypervisor and this agent."""
    with ours("ask for versions"):
        numbers = {"libvirt": connection.getLibVersion(), connection.getType().lower(): connection.getVersion()}
    return {name: dotted(number) for name, number in numbers.items()} | {"agent": importlib.metadata.version("toft")}


def dotted(number: int) -> str:
    """Write libvirt's version number: 9000001 is 9.0.1."""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


def pci_devices(connection: libvirt.virConnect) -> tuple[PciDevice, ...]:
    """List the host's PCI devices; none where libvirt cannot list devices."""
    try:
        devices = connection.listAllDevices(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV)
        documents = [device.XMLDesc() for device in devices]
    except libvirt.libvirtError:
        return ()
    return tuple(sorted((_pci_device(document) for document in documents), key=lambda device: device.address))


def _pci_device(document: str) -> PciDevice:
    root = ElementTree.fromstring(document)  # noqa: S314 - libvirt has written it
    domain, bus, slot, function = (int(root.findtext(f"capability/{part}", "0")) for part in PARTS)
    node = root.find("capability/numa")
    product = root.find("capability/product")
    vendor = root.find("capability/vendor")
    return PciDevice(
        address=f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}",
        vendor=vendor.get("id", "") if vendor is not None else "",
        product=product.get("id", "") if product is not None else "",
        name=(product.text or "") if product is not None else "",
        cell=int(node.get("node", "0")) if node is not None else None,
    )
