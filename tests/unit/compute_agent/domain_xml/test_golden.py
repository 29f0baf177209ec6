"""Authored documents are kept as files; ``pytest --regenerate`` writes them anew after a change that is meant."""

from pathlib import Path

import pytest

from common.wire import Device, Hardware
from compute_agent.domain_xml import builder
from compute_agent.domain_xml.caps import Capabilities, DomainCapabilities
from compute_agent.domain_xml.domain import Domain
from compute_agent.domain_xml.mapping import Node
from compute_agent.domain_xml.network import Dhcp, Dns, Forwarder, Host, Ip, Network, Range
from tests.unit.compute_agent.domain_xml import samples
from tests.unit.compute_agent.domain_xml.judge import complaints
from tests.unit.compute_agent.domain_xml.nodes import CLASSES, occurring

FOLDER = Path(__file__).parents[3] / "data" / "xml"
TWO = (samples.port(1), samples.port(2))
CHANNEL = Device(
    role="channel:org.qemu.guest_agent.0",
    address={"type": "virtio-serial", "controller": "0", "bus": "0", "port": "1"},
)
CONFIG = Device(
    role="disk:config",
    address={"type": "drive", "controller": "0", "bus": "0", "target": "0", "unit": "0"},
    target="sda",
)
TABLET = Device(role="input:tablet", address={"type": "usb", "bus": "0", "port": "1"})
KEPT = Hardware(machine="pc-q35-6.2", cpu="custom EPYC", devices=(CHANNEL, CONFIG, TABLET))

DOMAINS = {
    "tcg": builder.domain(samples.goal(TWO), samples.TCG, samples.FILES),
    "kvm": builder.domain(samples.goal(TWO, vcpus=16), samples.KVM, samples.FILES),
    "user": builder.domain(samples.goal(TWO), samples.USER, samples.BARE),
    "windows": builder.domain(samples.goal(TWO, os_type="windows", cores=2), samples.KVM, samples.FILES),
    "pc": builder.domain(
        samples.goal(TWO, machine="pc", disk_bus="sata", vif_model="e1000"), samples.TCG, samples.FILES
    ),
    "scsi": builder.domain(samples.goal(disk_bus="scsi", watchdog="reset"), samples.TCG, samples.FILES),
    "headless": builder.domain(samples.goal(video_model="none", agent_channel=False), samples.TCG, samples.BARE),
    "shared": builder.domain(samples.goal(), samples.CELLED, samples.BARE),
    "pinned": builder.domain(samples.pinned(), samples.CELLED, samples.BARE),
    "numa": builder.domain(samples.numa(), samples.CELLED, samples.BARE),
    "pages": builder.domain(samples.pinned(page_kib=2048), samples.CELLED, samples.BARE),
    "numa_pages": builder.domain(samples.numa(page_kib=2048, locked=True), samples.CELLED, samples.BARE),
    "locked": builder.domain(samples.goal(locked=True), samples.TCG, samples.BARE),
    "kept": builder.domain(samples.goal(TWO, hardware=KEPT), samples.KVM, samples.FILES),
}
NETWORKS = {
    "network": builder.network(samples.network(), TWO),
    "network_isolated": builder.network(samples.network(gateway=None)),
    "network_operators": Network(
        name="office",
        dns=Dns(enable=True, forwarders=(Forwarder(addr="9.9.9.9"),)),
        ips=(
            Ip(
                address="10.9.0.1",
                netmask="255.255.255.0",
                dhcp=Dhcp(
                    ranges=(Range(start="10.9.0.10", end="10.9.0.20"),),
                    hosts=(Host(mac="52:54:00:00:00:09", ip="10.9.0.9"),),
                ),
            ),
        ),
    ),
}
GOLDEN: dict[str, Node] = {**DOMAINS, **NETWORKS}
READ: dict[str, type[Node]] = {
    "adopted": Domain,
    "capabilities": Capabilities,
    "domain_capabilities": DomainCapabilities,
}


def read(name: str) -> Node:
    return READ[name].from_xml((FOLDER / "read" / f"{name}.xml").read_text())


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str, regenerate: bool) -> None:
    file = FOLDER / f"{name}.xml"
    if regenerate:
        file.write_text(GOLDEN[name].to_xml())
    assert GOLDEN[name].to_xml() == file.read_text()


@pytest.mark.parametrize("name", GOLDEN)
def test_the_schema_agrees(name: str) -> None:
    assert complaints("domain" if name in DOMAINS else "network", (FOLDER / f"{name}.xml").read_text()) == ""


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("*.xml")} == set(GOLDEN)


@pytest.mark.parametrize("name", READ)
def test_what_others_wrote_is_read(name: str) -> None:
    again = read(name)
    assert type(again).from_xml(again.to_xml()) == again


def test_each_declared_field_occurs() -> None:
    declared = {(kind, field) for kind in CLASSES for field, _ in kind.PLACES}
    seen = set().union(*(occurring(node) for node in (*GOLDEN.values(), *map(read, READ))))
    assert sorted(f"{kind.__name__}.{field}" for kind, field in declared - seen) == []
