from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import errors
from common.ids import bridge_name, tap_name
from common.wire import Goal
from compute_agent.domain_xml import builder
from compute_agent.domain_xml.devices import Devices
from compute_agent.domain_xml.domain import Domain, Topology
from compute_agent.domain_xml.hardware import hardware_of
from tests.unit.compute_agent.domain_xml import samples
from tests.unit.compute_agent.domain_xml.judge import complaints


def built(
    *ports: Any, hardware: Any = None, host: Any = samples.TCG, files: Any = samples.FILES, **guest: Any
) -> Domain:
    return builder.domain(samples.goal(ports, hardware, **guest), host, files)


GUESTS = st.fixed_dictionaries(
    {"vcpus": st.integers(1, 8), "memory_mib": st.integers(16, 1 << 20), "disk_gib": st.integers(0, 100)},
    optional={
        "machine": st.sampled_from(["q35", "pc", "pc-q35-6.0"]),
        "disk_bus": st.sampled_from(["virtio", "scsi", "sata"]),
        "vif_model": st.sampled_from(["virtio", "e1000", "rtl8139"]),
        "video_model": st.sampled_from(["virtio", "vga", "none"]),
        "watchdog": st.sampled_from(["disabled", "reset", "none"]),
        "os_type": st.sampled_from(["linux", "windows"]),
        "agent_channel": st.booleans(),
    },
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(
    guest=GUESTS,
    host=st.sampled_from([samples.TCG, samples.KVM, samples.USER]),
    files=st.sampled_from([samples.FILES, samples.BARE]),
    nics=st.integers(0, 5),
)
def test_any_guest_fits_the_schema_and_is_read_again(guest: dict[str, Any], host: Any, files: Any, nics: int) -> None:
    made = built(*map(samples.port, range(nics)), host=host, files=files, **guest)
    document = made.to_xml()
    assert complaints("domain", document) == ""
    assert Domain.from_xml(document) == made
    places = [place for place in _pci(made.devices) if place]
    assert len(places) == len(set(places))


def _pci(devices: Devices) -> list[tuple[str | None, ...] | None]:
    cards = [*devices.controllers, *devices.disks, *devices.interfaces, *devices.videos, *devices.watchdogs]
    found = [card.address for card in (*cards, *devices.rngs, devices.balloon) if card]
    return [(a.bus, a.slot, a.function) if a and a.type == "pci" else None for a in found]


def test_authored_again_with_its_hardware_it_is_the_same() -> None:
    first = built(samples.port(1), samples.port(2))
    again = built(samples.port(1), samples.port(2), hardware=hardware_of(first))
    assert again == first


def test_taking_a_nic_away_moves_nothing() -> None:
    first = built(samples.port(1), samples.port(2), samples.port(3))
    rest = built(samples.port(2), samples.port(3), hardware=hardware_of(first))
    assert rest.devices.interfaces == first.devices.interfaces[1:]
    assert (rest.devices.disks, rest.devices.rngs, rest.devices.balloon) == (
        first.devices.disks,
        first.devices.rngs,
        first.devices.balloon,
    )


def test_a_new_nic_takes_a_free_address() -> None:
    first = built(samples.port(2))
    grown = built(samples.port(1), samples.port(2), hardware=hardware_of(first))
    new, old = grown.devices.interfaces
    assert old == first.devices.interfaces[0]
    assert new.address not in [nic.address for nic in first.devices.interfaces]
    places = [place for place in _pci(grown.devices) if place]
    assert len(places) == len(set(places))


def test_hardware_outlives_other_defaults_and_properties() -> None:
    first = hardware_of(built(samples.port(1), disk_bus="scsi", vif_model="e1000"))
    again = built(
        samples.port(1),
        hardware=msgspec.structs.replace(first, machine="pc-q35-5.0", cpu="custom EPYC"),
        host=samples.KVM,
    )
    assert (again.os.machine, again.cpu.model if again.cpu else None) == ("pc-q35-5.0", "EPYC")
    assert (again.devices.disks[0].bus, again.devices.disks[0].target) == ("scsi", "sda")
    assert again.devices.interfaces[0].model == "e1000"


def test_without_kvm_a_kept_cpu_is_not_used() -> None:
    hardware = hardware_of(built(host=samples.KVM))
    assert hardware.cpu == "host-model"
    cpu = built(hardware=hardware).cpu
    assert cpu is not None
    assert cpu.mode == "maximum"


def test_too_many_nics_are_refused() -> None:
    with pytest.raises(errors.HypervisorError, match="no PCI slot is left"):
        built(*map(samples.port, range(20)))


def test_at_least_eight_root_ports_are_free() -> None:
    made = built(samples.port(1), samples.port(2), disk_bus="scsi", watchdog="reset")
    ports = [c for c in made.devices.controllers if c.model == "pcie-root-port"]
    behind = {place[0] for place in _pci(made.devices) if place and place[0] != "0x00"}
    assert len(ports) == 16
    assert len(ports) - len(behind) >= 8


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ({"vcpus": 4}, (1, 4, 1)),
        ({"vcpus": 4, "sockets": 2}, (2, 2, 1)),
        ({"vcpus": 8, "threads": 2}, (1, 4, 2)),
        ({"vcpus": 8, "cores": 2}, (4, 2, 1)),
        ({"vcpus": 8, "cores": 2, "threads": 2}, (2, 2, 2)),
        ({"vcpus": 8, "sockets": 2, "cores": 2}, (2, 2, 2)),
        ({"vcpus": 8, "sockets": 2, "cores": 2, "threads": 2}, (2, 2, 2)),
        ({"vcpus": 8, "sockets": 2, "threads": 2}, (2, 2, 2)),
    ],
)
def test_topology(asked: dict[str, int], made: tuple[int, int, int]) -> None:
    cpu = built(**asked).cpu
    assert cpu is not None
    assert cpu.topology == Topology(sockets=made[0], cores=made[1], threads=made[2])


def test_a_versioned_machine_is_taken_as_it_is() -> None:
    assert built(machine="pc-q35-6.2").os.machine == "pc-q35-6.2"


def test_a_machine_that_the_host_lacks_is_refused() -> None:
    host = msgspec.structs.replace(samples.TCG, machines={"pc": "pc-i440fx-7.2"})
    with pytest.raises(errors.HypervisorError, match="no machine q35; it has pc"):
        built(host=host)


def test_a_goal_without_a_guest_is_refused() -> None:
    goal = Goal(server=samples.SERVER, generation=1, power=samples.Power.ON)
    with pytest.raises(errors.BadRequest):
        builder.domain(goal, samples.TCG, samples.FILES)


def test_a_nic_sits_on_its_network_under_its_fixed_tap() -> None:
    port = samples.port(1)
    nic = built(port).devices.interfaces[0]
    assert (nic.tap, nic.network, nic.mtu) == (tap_name(port.id), f"toft-{port.network.id}", 1450)
    assert built(port, host=samples.USER).devices.interfaces[0].type == "user"


def test_queues_come_with_vhost_and_virtio_only() -> None:
    assert built(samples.port(1), host=samples.KVM, vcpus=16).devices.interfaces[0].queues == 8
    assert built(samples.port(1), host=samples.KVM, vif_model="e1000").devices.interfaces[0].queues is None
    assert built(samples.port(1)).devices.interfaces[0].queues is None


def test_the_disk_is_buffered_where_direct_io_is_lacking() -> None:
    assert [d.devices.disks[0].cache for d in (built(), built(host=samples.USER))] == ["none", "writeback"]


def test_the_domain_carries_our_mark_and_no_tenants_text() -> None:
    made = built()
    assert made.mark is not None
    assert (made.name, made.uuid, made.mark.id, made.mark.generation) == (*[samples.SERVER] * 3, 3)


def test_a_network_without_dhcp_has_an_address_only() -> None:
    net = builder.network(samples.network(dhcp=False))
    assert net.ips[0].dhcp is None
    assert net.dnsmasq is None
    assert net.bridge == bridge_name(net.uuid or "")


def test_a_port_without_an_address_is_unknown_to_dhcp() -> None:
    dhcp = builder.network(samples.network(), (samples.port(1, address=None), samples.port(2))).ips[0].dhcp
    assert dhcp is not None
    assert [host.ip for host in dhcp.hosts] == ["10.77.0.12"]
