"""libvirt itself takes what the builder authors, and gives it back as it was meant: ``test:///default``."""

import dataclasses
from collections.abc import Iterator

import libvirt
import pytest

from common.wire import Goal
from compute_agent.domain_xml import builder
from compute_agent.domain_xml.caps import Capabilities
from compute_agent.domain_xml.devices import Devices
from compute_agent.domain_xml.domain import Domain
from compute_agent.domain_xml.network import Network
from tests.unit.compute_agent.domain_xml import samples

PORTS = (samples.port(1), samples.port(2))
KINDS = {
    "q35": {},
    "pc": {"machine": "pc"},
    "scsi": {"disk_bus": "scsi"},
    "watchdog": {"watchdog": "reset"},
    "windows": {"os_type": "windows"},
    "headless": {"video_model": "none", "agent_channel": False},
}


@pytest.fixture
def connection() -> Iterator[libvirt.virConnect]:
    opened = libvirt.open("test:///default")
    yield opened
    opened.close()


@pytest.mark.parametrize("host", [samples.TCG, samples.KVM, samples.USER], ids=["tcg", "kvm", "user"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_domain_is_taken_and_given_back(connection: libvirt.virConnect, kind: str, host: samples.HostFacts) -> None:
    made = builder.domain(samples.goal(PORTS, **KINDS[kind]), host, samples.FILES)
    defined = connection.defineXML(dataclasses.replace(made, type="test").to_xml())
    back = Domain.from_xml(defined.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    assert (back.mark, back.clock, back.features) == (made.mark, made.clock, made.features)
    assert _cpu(back) == _cpu(made)
    assert (back.sysinfo, back.on_crash, back.vcpus, back.memory) == (
        made.sysinfo,
        made.on_crash,
        made.vcpus,
        made.memory,
    )
    assert _places(back.devices) == _places(made.devices)
    assert back.devices.disks[0].backing == made.devices.disks[0].backing


@pytest.mark.parametrize(
    "goal",
    [samples.pinned(), samples.numa(), samples.pinned(page_kib=2048), samples.numa(locked=True), samples.goal()],
    ids=["pinned", "numa", "pages", "locked", "shared"],
)
def test_a_place_on_the_host_is_taken_and_given_back(connection: libvirt.virConnect, goal: Goal) -> None:
    made = builder.domain(goal, samples.CELLED, samples.FILES)
    defined = connection.defineXML(dataclasses.replace(made, type="test").to_xml())
    back = Domain.from_xml(defined.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    assert (back.cpu_tune, back.numa_tune, back.backing) == (made.cpu_tune, made.numa_tune, made.backing)
    assert back.cpuset == made.cpuset
    assert _cpu(back) == _cpu(made)


def _cpu(domain: Domain) -> object:
    """Leave out the dies, which libvirt adds."""
    cpu = domain.cpu
    return (cpu.mode, dataclasses.replace(cpu.topology, dies=None), cpu.cells) if cpu and cpu.topology else cpu


def _places(devices: Devices) -> list[object]:
    return [(disk.target, disk.serial) for disk in devices.disks] + [
        (nic.mac, nic.address) for nic in devices.interfaces
    ]


@pytest.mark.parametrize("gateway", ["10.77.0.1", None])
def test_a_network_is_taken_and_given_back(connection: libvirt.virConnect, gateway: str | None) -> None:
    made = builder.network(samples.network(gateway=gateway), PORTS)
    defined = connection.networkDefineXML(made.to_xml())
    back = Network.from_xml(defined.XMLDesc())
    assert (back.mark, back.ips, back.bridge, back.mtu) == (made.mark, made.ips, made.bridge, made.mtu)
    assert back.forward == made.forward


def test_capabilities_are_read(connection: libvirt.virConnect) -> None:
    caps = Capabilities.from_xml(connection.getCapabilities())
    assert caps.host is not None
    assert len(caps.host.cells) == 2
