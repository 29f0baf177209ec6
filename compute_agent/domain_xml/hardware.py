"""A guest's hardware as an ABI: read back from its domain, and kept when the domain is authored again.

Each device has a role that stays when others come and go: ``disk:root``, ``disk:config``, ``disk:<serial>``,
``nic:<mac>``, ``controller:pci:3``, ``rng``… Without this, taking a NIC away would move its neighbours to other PCI
addresses, and the guest would give them other names.
"""

from collections.abc import Iterator

from common.wire import Device, Hardware
from compute_agent.domain_xml.devices import Address, Controller, Devices, Disk, Interface
from compute_agent.domain_xml.domain import Cpu, Domain


def disk_role(disk: Disk, server: str) -> str:
    """Name a disk: the root disk has the server's id as its serial."""
    if disk.device == "cdrom":
        return "disk:config"
    return "disk:root" if disk.serial == server else f"disk:{disk.serial or disk.target}"


def nic_role(mac: str) -> str:
    """Name a NIC."""
    return f"nic:{mac.lower()}"


def controller_role(controller: Controller) -> str:
    """Name a controller."""
    return f"controller:{controller.type}:{controller.index}"


def plain(address: Address) -> dict[str, str]:
    """Give an address as it is kept."""
    return {field: value for field, _ in Address.PLACES if (value := getattr(address, field)) is not None}


def address_of(device: Device | None) -> Address | None:
    """Give a kept address as it is written; names that are no part of an address are passed over."""
    if device is None or "type" not in device.address:
        return None
    return Address(**{field: device.address[field] for field, _ in Address.PLACES if field in device.address})


def hardware_of(domain: Domain) -> Hardware:
    """Read a defined domain's hardware."""
    return Hardware(
        machine=domain.os.machine or "",
        cpu=cpu_text(domain.cpu),
        devices=tuple(_devices(domain.devices, domain.uuid)),
    )


def cpu_text(cpu: Cpu | None) -> str:
    """Write how a CPU was chosen, and the model if it was named: ``host-model``, ``custom EPYC``."""
    if cpu is None:
        return ""
    return " ".join(part for part in (cpu.mode, cpu.model) if part)


def cpu_of(text: str) -> Cpu | None:
    """Read that again; None where nothing is known."""
    mode, _, model = text.partition(" ")
    return Cpu(mode=mode, model=model or None, check="partial" if model else None) if mode else None


def _devices(devices: Devices, server: str) -> Iterator[Device]:
    for controller in devices.controllers:
        yield _device(controller_role(controller), controller.address, model=controller.model or "")
    for disk in devices.disks:
        yield _device(disk_role(disk, server), disk.address, target=disk.target, model=disk.bus or "")
    for nic in devices.interfaces:
        yield _nic(nic)
    for role, found in _cards(devices):
        yield _device(role, found)


def _nic(nic: Interface) -> Device:
    return _device(nic_role(nic.mac or ""), nic.address, target=nic.tap or "", model=nic.model or "")


def _cards(devices: Devices) -> Iterator[tuple[str, Address | None]]:
    """Give the role and address of each device that has neither a target nor a model worth keeping."""
    yield from ((f"channel:{channel.name}", channel.address) for channel in devices.channels)
    yield from ((f"input:{item.type}", item.address) for item in devices.inputs)
    yield from ((f"video:{number}", video.address) for number, video in enumerate(devices.videos))
    yield from (("watchdog", watchdog.address) for watchdog in devices.watchdogs)
    yield from (("rng", rng.address) for rng in devices.rngs)
    yield from (("panic", panic.address) for panic in devices.panics)
    if devices.balloon:
        yield "balloon", devices.balloon.address


def _device(role: str, address: Address | None, *, target: str = "", model: str = "") -> Device:
    return Device(role=role, address=plain(address) if address else {}, target=target, model=model)


class Kept:
    """The hardware that a guest has already; empty for a new one."""

    def __init__(self, hardware: Hardware | None) -> None:
        self._hardware = hardware or Hardware(machine="", cpu="", devices=())
        self._by_role = {device.role: device for device in self._hardware.devices}
        self.machine = self._hardware.machine
        self.cpu = cpu_of(self._hardware.cpu)

    def device(self, role: str) -> Device | None:
        """Find a device by its role."""
        return self._by_role.get(role)

    def address(self, role: str) -> Address | None:
        """Give the address of a device, None if it has none yet."""
        return address_of(self._by_role.get(role))

    def slots(self) -> frozenset[tuple[int, int]]:
        """Give the PCI slots (bus, slot) that are taken, by devices that stay or not."""
        addresses = (device.address for device in self._hardware.devices)
        return frozenset((int(a["bus"], 16), int(a["slot"], 16)) for a in addresses if a.get("type") == "pci")
