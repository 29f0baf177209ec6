import pytest

from common.wire import Device, Hardware
from compute_agent.domain_xml.devices import Address, Devices, Disk, Video
from compute_agent.domain_xml.domain import Cpu, Domain
from compute_agent.domain_xml.hardware import Kept, address_of, cpu_of, cpu_text, disk_role, hardware_of, plain


def test_a_guest_with_nothing_in_it_has_no_hardware() -> None:
    bare = Domain(type="qemu", name="n", uuid="u", memory=1, vcpus=1)
    assert hardware_of(bare) == Hardware(machine="", cpu="", devices=())


def test_disks_are_told_apart_by_their_serial() -> None:
    disks = [Disk(target="vda", serial="s"), Disk(target="vdb", serial="v1"), Disk(target="vdc")]
    assert [disk_role(disk, "s") for disk in disks] == ["disk:root", "disk:v1", "disk:vdc"]
    assert disk_role(Disk(device="cdrom", target="sda"), "s") == "disk:config"


def test_an_address_survives_being_kept() -> None:
    address = Address(type="pci", domain="0x0000", bus="0x01", slot="0x00", function="0x0")
    assert address_of(Device(role="rng", address=plain(address) | {"colour": "red"})) == address
    assert address_of(Device(role="panic", address={})) is None
    assert address_of(None) is None


@pytest.mark.parametrize("text", ["host-model", "maximum", "custom EPYC"])
def test_the_cpu_is_kept(text: str) -> None:
    assert cpu_text(cpu_of(text)) == text


def test_no_cpu_is_kept_as_nothing() -> None:
    assert (cpu_text(None), cpu_of(""), cpu_text(Cpu())) == ("", None, "")


def test_only_pci_slots_are_taken() -> None:
    devices = (
        Device(role="a", address={"type": "pci", "bus": "0x0a", "slot": "0x01"}),
        Device(role="b", address={"type": "drive", "bus": "0"}),
        Device(role="c", address={}),
    )
    assert Kept(Hardware(machine="m", cpu="", devices=devices)).slots() == {(10, 1)}


def test_a_guest_with_two_screens_keeps_both() -> None:
    two = Domain(
        type="qemu", name="n", uuid="u", memory=1, vcpus=1, devices=Devices(videos=(Video(model="a"), Video(model="b")))
    )
    assert [device.role for device in hardware_of(two).devices] == ["video:0", "video:1"]
