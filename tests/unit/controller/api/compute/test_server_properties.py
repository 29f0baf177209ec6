"""What flavors and images ask for, through the API: refused by name before anything is written, or kept."""

import itertools

import pytest
from msgspec.structs import replace

from common import settings
from common.guest import features
from common.guest.aliases import EXAMPLE
from controller.db import servers, tables
from tests.services.api import api
from tests.services.compute import Compute, compute

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def cloud(stores, tmp_path_factory) -> Compute:
    folder = tmp_path_factory.mktemp("properties")
    chosen = settings.Settings(api=settings.Api(url="http://cloud.test"), devices=settings.Devices(aliases=EXAMPLE))
    with stores.sqlite(folder) as store:
        made = compute(api(store, folder, chosen))
        tell(made, features.ALL - {features.UEFI, features.SECURE_BOOT})
        yield made


def tell(cloud: Compute, able: frozenset[str]) -> None:
    """Let the host's hello tell these features."""
    with cloud.api.services.store.tx() as tx:
        tx.change(tables.host, [{"id": cloud.host, "features": sorted(able)}])


def flavor(cloud: Compute) -> str:
    """Make a flavor of 4 vCPUs and 512 MiB."""
    number = f"p{next(NUMBERS)}"
    body = {"flavor": {"id": number, "name": number, "ram": 512, "vcpus": 4, "disk": 2}}
    assert cloud.call("POST", "/compute/v2.1/flavors", body, "admin").status_code == 200
    return number


def specified(cloud: Compute, flavor_id: str, specs: dict[str, str]):
    path = f"/compute/v2.1/flavors/{flavor_id}/os-extra_specs"
    return cloud.call("POST", path, {"extra_specs": specs}, "admin")


def image(cloud: Compute, properties: dict[str, str]) -> str:
    return cloud.image_with(id=f"44444444-4444-4444-8444-{next(NUMBERS):012}", properties=properties)


REFUSED_SPECS = [
    {"hw:cpu_policy": "pinned"},
    {"hw:cpu_policy": "mixed"},
    {"hw:cpu_dedicated_mask": "0"},
    {"hw:cpu_thread_policy": "isolate"},
    {"hw:numa_nodes": "5"},
    {"hw:numa_nodes": "3"},
    {"hw:numa_cpus.0": "0"},
    {"hw:numa_nodes": "2", "hw:numa_mem.0": "100"},
    {"hw:mem_page_size": "3MB"},
    {"hw:mem_page_size": "1GB"},
    {"hw:locked_memory": "maybe"},
    {"hw:pci_numa_affinity_policy": "near"},
    {"pci_passthrough:alias": "fpga:1"},
    {"pci_passthrough:alias": "gpu"},
    {"trait:HW_UNHEARD_OF": "required"},
    {"trait:CUSTOM_A": "maybe"},
    {"resources:GPU": "1"},
    {"resources:MEMORY_MB": "1"},
    {"resources:PCPU": "1"},
    {"aggregate_instance_extra_specs:gen": ">= new"},
    {"os:secure_boot": "required"},
    {"toft:policy": "herd"},
    {"quota:cpu_shares": "1"},
    {"hw:cpu_realtime": "yes"},
    {"resources1:VCPU": "1"},
    {"accel:device_profile": "x"},
]


@pytest.mark.parametrize("specs", REFUSED_SPECS, ids=lambda specs: " ".join(specs))
def test_a_flavor_that_contradicts_itself_is_not_made(cloud, specs) -> None:
    made = flavor(cloud)
    answer = specified(cloud, made, specs)
    assert answer.status_code == 400, answer.text
    assert any(key.partition(".")[0] in answer.json["badRequest"]["message"] for key in specs)
    assert cloud.call("GET", f"/compute/v2.1/flavors/{made}/os-extra_specs").json == {"extra_specs": {}}


REFUSED_PROPERTIES = [
    {"hw_cpu_policy": "mixed"},
    {"hw_cpu_thread_policy": "isolate"},
    {"hw_numa_nodes": "5"},
    {"hw_numa_mem.0": "1"},
    {"hw_mem_page_size": "2MB"},
    {"hw_locked_memory": "maybe"},
    {"hw_pci_numa_affinity_policy": "near"},
    {"trait:CUSTOM_A": "forbidden"},
    {"hw_architecture": "vax"},
    {"architecture": "vax"},
    {"img_hv_type": "xen"},
    {"hypervisor_type": "xen"},
    {"hw_vm_mode": "uml"},
    {"vm_mode": "uml"},
    {"hw_firmware_type": "coreboot"},
    {"hw_firmware_type": "uefi"},
    {"os_secure_boot": "required"},
    {"hw_machine_type": "pc"},
    {"hw_architecture": "aarch64"},
    {"img_hv_requested_version": ">=7"},
    {"resources:VGPU": "1"},
]


@pytest.mark.parametrize("properties", REFUSED_PROPERTIES, ids=lambda properties: " ".join(properties))
def test_an_image_that_no_server_can_be_made_of_is_refused_by_name(cloud, properties) -> None:
    answer = cloud.create(status=400, imageRef=image(cloud, properties), flavorRef=flavor(cloud))
    message = answer["badRequest"]["message"].replace("hw:", "hw_")
    assert any(key.partition(".")[0] in message for key in properties), message


CONTRADICTIONS = [
    ({"hw:cpu_policy": "shared"}, {"hw_cpu_policy": "dedicated"}),
    ({"hw:numa_nodes": "2"}, {"hw_numa_nodes": "4"}),
    ({"hw:mem_page_size": "small"}, {"hw_mem_page_size": "2MB"}),
    ({"hw:locked_memory": "yes"}, {"hw_locked_memory": "no"}),
    ({"hw:pci_numa_affinity_policy": "socket"}, {"hw_pci_numa_affinity_policy": "required"}),
    ({"trait:CUSTOM_A": "forbidden"}, {"trait:CUSTOM_A": "required"}),
]


@pytest.mark.parametrize(("specs", "properties"), CONTRADICTIONS, ids=lambda keys: " ".join(keys))
def test_an_image_may_not_override_its_flavor(cloud, specs, properties) -> None:
    made = flavor(cloud)
    assert specified(cloud, made, specs).status_code == 200
    answer = cloud.create(status=400, imageRef=image(cloud, properties), flavorRef=made)
    (key,) = properties
    assert key in answer["badRequest"]["message"]


ACCEPTED = {
    "hw:cpu_policy": "mixed",
    "hw:cpu_dedicated_mask": "2-3",
    "hw:cpu_thread_policy": "prefer",
    "hw:numa_nodes": "2",
    "hw:mem_page_size": "2MB",
    "hw:locked_memory": "true",
    "pci_passthrough:alias": "gpu:1",
    "trait:HW_CPU_X86_AVX2": "required",
    "resources:VGPU": "1",
    "aggregate_instance_extra_specs:ssd": "true",
    "toft:policy": "spread",
}


def test_what_is_asked_for_is_kept_with_the_server(cloud) -> None:
    made = flavor(cloud)
    assert specified(cloud, made, ACCEPTED).json == {"extra_specs": ACCEPTED}
    server = cloud.create(flavorRef=made, imageRef=image(cloud, {"trait:CUSTOM_A": "required"}))["server"]["id"]
    with cloud.api.services.store.read() as tx:
        guest = servers.get(tx, [server])[server].guest
    assert (guest.dedicated, guest.page_kib, guest.spread, len(guest.cells)) == ((2, 3), 2048, True, 2)
    assert (guest.traits, guest.aggregates) == (("CUSTOM_A", "HW_CPU_X86_AVX2"), (("ssd", "true"),))
    assert [device.device_class for device in guest.devices] == ["pci:10de:1eb8"]
    assert replace(guest, cells=(), devices=()).features == {"cpu-pinning", "pages", "locked-memory"}


@pytest.mark.parametrize(
    ("feature", "specs", "key"),
    [
        (features.CPU_PINNING, {"hw:cpu_policy": "dedicated"}, "hw:cpu_policy"),
        (features.NUMA, {"hw:numa_nodes": "2"}, "hw:numa_nodes"),
        (features.PAGES, {"hw:mem_page_size": "large"}, "hw:mem_page_size"),
        (features.LOCKED_MEMORY, {"hw:locked_memory": "yes"}, "hw:locked_memory"),
        (features.PCI, {"pci_passthrough:alias": "gpu:1"}, "pci_passthrough:alias"),
    ],
)
def test_what_no_host_can_do_is_refused_before_scheduling(cloud, feature, specs, key) -> None:
    made = flavor(cloud)
    assert specified(cloud, made, specs).status_code == 200, "hosts that can may come later"
    all_else = features.ALL - {features.UEFI, features.SECURE_BOOT}
    tell(cloud, all_else - {feature})
    try:
        answer = cloud.create(status=400, flavorRef=made)
    finally:
        tell(cloud, all_else)
    assert f"{key}: no host of this fleet can do {feature}" in answer["badRequest"]["message"]
    cloud.create(flavorRef=made)
