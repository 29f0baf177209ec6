"""What else decides where a guest goes: traits, resources, devices, aggregates, firmware."""

import pytest

from common import errors
from common.guest import Guest, GuestDevice, aliases, features
from tests.unit.common.guest.parsing import ALIASES, parsed, refusal

AVX, CUSTOM = "HW_CPU_X86_AVX2", "CUSTOM_FAST_DISK"
ALIAS, NEAR = "pci_passthrough:alias", "hw:pci_numa_affinity_policy"


def test_traits_are_required_and_forbidden() -> None:
    guest = parsed({f"trait:{AVX}": "required", f"trait:{CUSTOM}": "forbidden"}, {"trait:CUSTOM_B": "required"})
    assert (guest.traits, guest.forbidden) == (("CUSTOM_B", AVX), (CUSTOM,))
    assert parsed({f"trait:{AVX}": "required"}, {f"trait:{AVX}": "required"}).traits == (AVX,)


@pytest.mark.parametrize("name", ["HW_CPU_X86_AVX9", "custom_a", "CUSTOM_", "CUSTOM_a", "", "CUSTOM_A B"])
def test_a_trait_nobody_knows_is_refused(name: str) -> None:
    refusal(f"property trait:{name}: there is no trait", {f"trait:{name}": "required"})
    refusal(f"property trait:{name}: there is no trait", {}, {f"trait:{name}": "required"})


def test_a_trait_s_word_is_checked() -> None:
    refusal(f"flavor property trait:{AVX}='yes': must be one of required, forbidden", {f"trait:{AVX}": "yes"})
    refusal(f"image property trait:{AVX}='forbidden': must be one of required", {}, {f"trait:{AVX}": "forbidden"})
    refusal(
        f"image property trait:{AVX}='required' contradicts",
        {f"trait:{AVX}": "forbidden"},
        {f"trait:{AVX}": "required"},
    )


def test_further_resources_are_counted() -> None:
    guest = parsed({"resources:VGPU": "1", "resources:CUSTOM_FPGA": "2", "resources:SRIOV_NET_VF": "0"})
    assert guest.resources == (("CUSTOM_FPGA", 2), ("VGPU", 1))


@pytest.mark.parametrize("name", ["GPU", "custom_x", "", "CUSTOM_x"])
def test_a_class_nobody_knows_is_refused(name: str) -> None:
    refusal(f"flavor property resources:{name}: there is no resource class", {f"resources:{name}": "1"})


def test_what_the_flavor_s_sizes_say_is_not_said_again() -> None:
    refusal("resources:MEMORY_MB: the flavor's ram says it", {"resources:MEMORY_MB": "1"})
    refusal("resources:DISK_GB: the flavor's disk says it", {"resources:DISK_GB": "1"})
    refusal("resources:VGPU='-1': must be a whole number", {"resources:VGPU": "-1"})


def test_devices_are_asked_for_by_alias() -> None:
    assert parsed({ALIAS: "nic:1, gpu:2,nic:1"}).devices == (
        GuestDevice(device_class="pci:10de:1eb8", count=2, near="preferred"),
        GuestDevice(device_class="pci:8086:1521", count=2, near="legacy"),
    )


def test_a_policy_of_flavor_or_image_stands_over_the_alias_s() -> None:
    assert parsed({ALIAS: "gpu:1", NEAR: "required"}).devices[0].near == "required"
    assert parsed({ALIAS: "gpu:1"}, {"hw_pci_numa_affinity_policy": "socket"}).devices[0].near == "socket"
    refusal(
        "hw_pci_numa_affinity_policy='socket' contradicts", {NEAR: "legacy"}, {"hw_pci_numa_affinity_policy": "socket"}
    )
    refusal(f"{NEAR}='near': must be one of", {NEAR: "near"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must be name:count"),
        ("gpu", "must be name:count"),
        (":1", "must be name:count"),
        ("gpu:1,", "must be name:count"),
        ("gpu:0", "must be a whole number from 1 to 32"),
        ("gpu:33", "must be a whole number"),
        ("gpu:20,gpu:20", "asks for more than 32"),
    ],
)
def test_a_wrong_alias_is_refused(text: str, says: str) -> None:
    refusal(f"flavor property {ALIAS}={text!r}: {says}", {ALIAS: text})


def test_an_unknown_alias_is_refused_with_the_known_ones() -> None:
    refusal(f"flavor property {ALIAS}: there is no alias 'fpga'; known: gpu, nic", {ALIAS: "fpga:1"})


def test_aliases_are_read_from_the_setting() -> None:
    assert aliases.read(aliases.EXAMPLE) == {"gpu": ALIASES["gpu"].__class__("gpu", "10de", "1eb8", "preferred")}
    assert aliases.read('{"name": "x", "vendor_id": "8086", "product_id": "1"}')["x"].device_class == "pci:8086:0001"
    assert aliases.read("") == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gpu", "write a JSON list such as"),
        ('[{"name": "gpu"}]', "vendor_id"),
        ('[{"name": "a b", "vendor_id": "1", "product_id": "1"}]', "name"),
        ('[{"name": "a", "vendor_id": "10dez", "product_id": "1"}]', "vendor_id"),
        ('[{"name": "a", "vendor_id": "1", "product_id": "1", "device_type": "type-VF"}]', "device_type"),
        (
            '[{"name": "a", "vendor_id": "1", "product_id": "1"}, {"name": "a", "vendor_id": "1", "product_id": "2"}]',
            "twice",
        ),
    ],
)
def test_a_wrong_setting_is_told(text: str, says: str) -> None:
    with pytest.raises(errors.SettingsError, match=says):
        aliases.read(text)


def test_words_about_aggregates_are_kept() -> None:
    specs = {"aggregate_instance_extra_specs:ssd": " true ", "aggregate_instance_extra_specs:gen": ">= 3"}
    assert parsed(specs).aggregates == (("gen", ">= 3"), ("ssd", "true"))


@pytest.mark.parametrize(
    ("key", "word", "says"),
    [
        ("", "x", "needs a key"),
        ("a", " ", "needs a key"),
        ("a", ">= x", "needs a number"),
        ("a", "<in>", "needs something"),
    ],
)
def test_a_word_about_aggregates_says_something(key: str, word: str, says: str) -> None:
    refusal(f"aggregate_instance_extra_specs:{key}={word!r}: {says}", {f"aggregate_instance_extra_specs:{key}": word})


def test_secure_boot_needs_uefi() -> None:
    guest = parsed({"os:secure_boot": "required"}, {"hw_firmware_type": "uefi"})
    assert (guest.firmware, guest.secure_boot) == ("uefi", True)
    assert parsed({}, {"hw_firmware_type": "bios", "os_secure_boot": "optional"}).firmware == "bios"
    refusal("set the image's hw_firmware_type to uefi", {}, {"os_secure_boot": "required"})
    refusal("os_secure_boot='disabled' contradicts", {"os:secure_boot": "required"}, {"os_secure_boot": "disabled"})
    refusal("hw_firmware_type='coreboot': must be", {}, {"hw_firmware_type": "coreboot"})


@pytest.mark.parametrize(
    ("specs", "properties", "needed"),
    [
        ({}, {}, []),
        ({}, {"hw_machine_type": "pc"}, ["machine:pc"]),
        ({}, {"hw_machine_type": "pc-q35-7.2"}, []),
        ({}, {"architecture": "arm64", "img_hv_type": "qemu"}, ["arch:aarch64"]),
        ({}, {"img_hv_type": "kvm"}, ["virt:kvm"]),
        ({"os:secure_boot": "required"}, {"hw_firmware_type": "uefi"}, [features.UEFI, features.SECURE_BOOT]),
        ({"hw:cpu_policy": "dedicated"}, {}, [features.CPU_PINNING, features.NUMA]),
        ({"hw:numa_nodes": "2"}, {}, [features.NUMA]),
        ({"hw:mem_page_size": "large"}, {}, [features.NUMA, features.PAGES]),
        ({"hw:locked_memory": "yes"}, {}, [features.LOCKED_MEMORY]),
        ({ALIAS: "gpu:1"}, {}, [features.PCI]),
    ],
)
def test_what_a_host_must_be_able_to_do(specs, properties, needed) -> None:
    assert parsed(specs, properties).features == set(needed)


def test_all_names_of_features_are_asked_for_by_something() -> None:
    whole = parsed(
        {"hw:cpu_policy": "dedicated", "hw:mem_page_size": "2MB", "hw:locked_memory": "yes", ALIAS: "gpu:1"},
        {"hw_firmware_type": "uefi", "os_secure_boot": "required"},
    )
    assert whole.features == features.ALL
    assert Guest(vcpus=1, memory_mib=1, disk_gib=1).features == set()
