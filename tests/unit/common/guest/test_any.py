"""Whatever a flavor and an image say is a guest that adds up, or a BadRequest that names one of their keys."""

import os
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import errors
from common.guest import Guest, keys
from tests.unit.common.guest.parsing import parsed

EXAMPLES = int(os.environ.get("TOFT_EXAMPLES", "400"))

WORDS = [
    *("shared", "dedicated", "mixed", "prefer", "isolate", "require", "required", "forbidden", "legacy", "socket"),
    *("small", "large", "any", "2048", "2MB", "1GB", "4", "yes", "no", "uefi", "bios", "optional", "x86_64", "kvm"),
    *("0", "1", "2", "0-1", "2-3", "^0", "0-3", "128", "256", "384", "512", "q35", "virtio", "disabled", "linux"),
    *("gpu:1", "nic:2,gpu:1", "fpga:1", ">= 3", "<or> a", "", "\ud800", "9" * 400),
]
NODES = [f"numa_{what}.{i}" for what in ("cpus", "mem") for i in range(4)]
TRAITS = ["trait:HW_CPU_X86_AVX2", "trait:CUSTOM_A", "trait:x"]
SPECS = [
    *keys.FLAVOR_KEYS,
    *(f"hw:{node}" for node in NODES),
    *TRAITS,
    *("resources:VGPU", "resources:CUSTOM_A", "resources:MEMORY_MB", "resources1:VCPU", "hw:cpu_realtime", "owner"),
    *("aggregate_instance_extra_specs:ssd", "aggregate_instance_extra_specs:", "quota:cpu_shares"),
]
PROPERTIES = [*keys.IMAGE_KEYS, *keys.NOTES, *(f"hw_{node}" for node in NODES), *TRAITS, "hw_unheard_of", "note"]

values = st.sampled_from(WORDS) | st.text(max_size=8)


def said(known: list[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(sorted(known)) | st.text(max_size=12), values, max_size=6)


def stem(key: str) -> str:
    """What an image's key and a flavor's have in common: ``hw:numa_cpus.0`` and ``hw_numa_cpus.N`` are one."""
    return re.sub(r"\.\w+$", "", key.replace(":", "_", 1) if key.startswith(("hw:", "os:")) else key)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(said(SPECS), said(PROPERTIES), st.sampled_from([1, 2, 4, 6]), st.sampled_from([1, 510, 512, 4096]))
def test_whatever_is_said_is_a_guest_or_a_refusal_by_name(specs, properties, vcpus, mib) -> None:
    result = outcome(specs, properties, vcpus, mib)
    if isinstance(result, Guest):
        adds_up(result, vcpus, mib)
    else:
        asked = [key for key in [*specs, *properties] if len(key) > 2]  # a letter is in any text
        assert any(stem(key) in stem_all(result) for key in asked), result


def outcome(specs: dict[str, str], properties: dict[str, str], vcpus: int, mib: int) -> Guest | str:
    try:
        return parsed(specs, properties, vcpus, mib)
    except errors.BadRequest as refusal:
        return refusal.message


def stem_all(message: str) -> str:
    return message.replace("hw:", "hw_").replace("os:", "os_") + message


def adds_up(guest: Guest, vcpus: int, mib: int) -> None:
    """See that every vCPU has one place, every MiB one cell."""
    assert (guest.vcpus, guest.memory_mib) == (vcpus, mib)
    if guest.cells:
        assert sorted(cpu for cell in guest.cells for cpu in cell.vcpus) == list(range(vcpus))
        assert sum(cell.memory_mib for cell in guest.cells) == mib
    assert bool(guest.cells) >= bool(guest.dedicated or guest.page_kib)
    assert bool(guest.dedicated) == (guest.cpu_policy != "shared")
    assert set(guest.dedicated) <= set(range(vcpus))
    assert not set(guest.traits) & set(guest.forbidden)
    if guest.page_kib:
        assert all(cell.memory_mib * 1024 % guest.page_kib == 0 for cell in guest.cells)
