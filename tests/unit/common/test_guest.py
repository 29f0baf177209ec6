import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import errors
from common.guest import FLAVOR_SPECS, IMAGE_PROPERTIES, NOTES, RESERVED, Guest, parse_guest


def parsed(specs: dict[str, str] | None = None, properties: dict[str, str] | None = None, vcpus: int = 4) -> Guest:
    return parse_guest(vcpus=vcpus, memory_mib=512, disk_gib=1, specs=specs or {}, properties=properties or {})


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
}


def test_every_property_is_tried_here() -> None:
    assert set(VALID) == set(IMAGE_PROPERTIES)


@pytest.mark.parametrize(("key", "text", "value"), [(k, t, v) for k, pairs in VALID.items() for t, v in pairs.items()])
def test_an_image_property_becomes_a_field(key: str, text: str, value: object) -> None:
    assert getattr(parsed(properties={key: text}), IMAGE_PROPERTIES[key][0]) == value


@pytest.mark.parametrize(("key", "text"), [(key, text) for key, texts in WRONG.items() for text in texts])
def test_a_wrong_value_is_refused_by_name(key: str, text: str) -> None:
    with pytest.raises(errors.BadRequest, match=f"image property {key}="):
        parsed(properties={key: text})


@pytest.mark.parametrize("key", sorted(FLAVOR_SPECS))
def test_a_flavor_spec_becomes_a_field_and_wins_over_the_image(key: str) -> None:
    field = FLAVOR_SPECS[key][0]
    image = next(name for name, (of, _) in IMAGE_PROPERTIES.items() if of == field)
    mine, other = ("pause", "reset") if field == "watchdog" else ("2", "1")
    wanted = mine if field == "watchdog" else int(mine)
    assert getattr(parsed({key: mine}, {image: other}), field) == wanted


@pytest.mark.parametrize("prefix", RESERVED)
def test_an_unknown_name_that_asks_for_something_is_refused(prefix: str) -> None:
    with pytest.raises(errors.BadRequest, match="is not supported; known are"):
        parsed(properties={f"{prefix}unheard_of": "1"})
    with pytest.raises(errors.BadRequest, match="flavor property"):
        parsed(specs={f"{prefix}unheard_of": "1"})


def test_notes_are_passed_over() -> None:
    notes = dict.fromkeys(NOTES, "debian") | {"owner_note": "x", "description": "hw_"}
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
    with pytest.raises(errors.BadRequest, match=f"does not make {vcpus} vcpus"):
        parsed(properties=properties, vcpus=vcpus)


@given(
    st.dictionaries(st.sampled_from(sorted(IMAGE_PROPERTIES)) | st.text(), st.text() | st.sampled_from(["1", "q35"]))
)
def test_whatever_an_image_says_is_a_guest_or_a_bad_request(properties: dict[str, str]) -> None:
    try:
        guest = parsed(properties=properties)
    except errors.BadRequest:
        return
    assert (guest.vcpus, guest.memory_mib, guest.disk_gib) == (4, 512, 1)


@pytest.mark.parametrize(("machine", "needed"), [(None, []), ("pc", ["machine:pc"]), ("pc-q35-7.2", [])])
def test_a_machine_s_alias_is_what_its_host_must_have(machine, needed):
    assert sorted(Guest(vcpus=1, memory_mib=1, disk_gib=1, machine=machine).features) == needed
