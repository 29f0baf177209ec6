import re

import pytest

from common import errors
from common.guest import FLAVOR_SPECS, IMAGE_PROPERTIES, NOTES, Guest
from tests.unit.common.guest.parsing import parsed, refusal


def test_a_flavor_alone_leaves_the_rest_to_the_builder() -> None:
    assert parsed() == Guest(vcpus=4, memory_mib=512, disk_gib=1)


VALID = {
    "hw_machine_type": {"q35": "q35", "pc": "pc", "pc-q35-7.2": "pc-q35-7.2", "pc-i440fx-7.2": "pc-i440fx-7.2"},
    "hw_cpu_sockets": {"2": 2},
    "hw_cpu_cores": {"4": 4},
    "hw_cpu_threads": {"1": 1},
    "hw_disk_bus": {"virtio": "virtio", "scsi": "scsi", "sata": "sata"},
    "hw_vif_model": {"virtio": "virtio", "e1000": "e1000"},
    "hw_video_model": {"none": "none"},
    "hw_watchdog_action": {"reset": "reset"},
    "hw_qemu_guest_agent": {"yes": True, "True": True, "no": False, "FALSE": False},
    "os_type": {"linux": "linux", "windows": "windows"},
    "hw_architecture": {"x86_64": "x86_64", "AMD64": "x86_64", "arm64": "aarch64"},
    "architecture": {"x86_64": "x86_64", "i386": "i686"},
    "img_hv_type": {"kvm": "kvm", "qemu": "qemu"},
    "hypervisor_type": {"kvm": "kvm"},
}
WRONG = {
    "hw_machine_type": ["virt", "", "q35 ", "pc-"],
    "hw_cpu_sockets": ["0", "257", "-1", "1.0", "", " 1", "²", "٣", "9" * 5000],
    "hw_disk_bus": ["ide", "VIRTIO", "virtio'/>"],
    "hw_vif_model": ["rtl"],
    "hw_video_model": ["qxl"],
    "hw_watchdog_action": ["explode"],
    "hw_qemu_guest_agent": ["maybe", ""],
    "os_type": ["bsd"],
    "architecture": ["vax", ""],
    "img_hv_type": ["xen"],
    "hw_vm_mode": ["uml"],
    "vm_mode": ["xen"],
}


def test_every_property_is_tried_here() -> None:
    assert set(VALID) == {key for key, (field, _) in IMAGE_PROPERTIES.items() if field != "vm_mode"}


@pytest.mark.parametrize(("key", "text", "value"), [(k, t, v) for k, pairs in VALID.items() for t, v in pairs.items()])
def test_an_image_property_becomes_a_field(key: str, text: str, value: object) -> None:
    assert getattr(parsed(properties={key: text}), IMAGE_PROPERTIES[key][0]) == value


@pytest.mark.parametrize(("key", "text"), [(key, text) for key, texts in WRONG.items() for text in texts])
def test_a_wrong_value_is_refused_by_name(key: str, text: str) -> None:
    with pytest.raises(errors.BadRequest, match=f"image property {key}="):
        parsed(properties={key: text})


@pytest.mark.parametrize("key", [key for key in sorted(FLAVOR_SPECS) if key.startswith("hw:")])
def test_a_flavor_spec_becomes_a_field_and_wins_over_the_image(key: str) -> None:
    field = FLAVOR_SPECS[key][0]
    image = next(name for name, (of, _) in IMAGE_PROPERTIES.items() if of == field)
    mine, other = ("pause", "reset") if field == "watchdog" else ("2", "1")
    wanted = mine if field == "watchdog" else int(mine)
    assert getattr(parsed({key: mine}, {image: other}), field) == wanted


def test_a_flavor_may_choose_how_hosts_are_filled() -> None:
    assert [parsed({"toft:policy": word}).spread for word in ("pack", "spread")] == [False, True]
    refusal("toft:policy='herd': must be one of pack, spread", {"toft:policy": "herd"})


def test_what_every_guest_is_may_be_said() -> None:
    assert parsed(properties={"vm_mode": "hvm", "hw_vm_mode": "hvm"}) == parsed()


def test_two_names_of_one_thing_are_to_say_the_same() -> None:
    assert parsed(properties={"architecture": "amd64", "hw_architecture": "x86_64"}).arch == "x86_64"
    refusal(
        "architecture='aarch64': contradicts hw_architecture='x86_64'",
        {},
        {"architecture": "aarch64", "hw_architecture": "x86_64"},
    )


def test_notes_are_passed_over() -> None:
    notes = dict.fromkeys(NOTES, "debian") | {"owner_note": "x", "description": "hw_", "traits": "none", "group": "1"}
    assert parsed(properties=notes) == parsed()


@pytest.mark.parametrize(
    ("vcpus", "topology"),
    [(4, ("2", "2", "1")), (4, ("4", None, None)), (4, (None, "2", None)), (6, ("3", None, "2")), (1, ("1", "1", "1"))],
)
def test_a_topology_that_makes_the_vcpus_is_taken(vcpus: int, topology: tuple[str | None, ...]) -> None:
    keys = ("hw:cpu_sockets", "hw:cpu_cores", "hw:cpu_threads")
    specs = {key: text for key, text in zip(keys, topology, strict=True) if text}
    guest = parsed(specs, vcpus=vcpus)
    assert [guest.sockets, guest.cores, guest.threads] == [int(text) if text else None for text in topology]


@pytest.mark.parametrize(
    ("vcpus", "topology"), [(4, ("3", "1", "1")), (4, ("1", "2", "1")), (4, ("3", None, None)), (2, ("2", "2", "2"))]
)
def test_a_topology_that_contradicts_the_vcpus_is_refused(vcpus: int, topology: tuple[str | None, ...]) -> None:
    keys = ("hw_cpu_sockets", "hw_cpu_cores", "hw_cpu_threads")
    properties = {key: text for key, text in zip(keys, topology, strict=True) if text}
    with pytest.raises(errors.BadRequest, match=re.escape(f"does not make {vcpus} vcpus")):
        parsed(properties=properties, vcpus=vcpus)
