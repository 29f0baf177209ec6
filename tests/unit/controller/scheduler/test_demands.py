import pytest

from common.guest import Guest, GuestCell, GuestDevice
from controller.scheduler.demands import demand
from controller.scheduler.terms import CellDemand, Demand, DeviceDemand, Near, Threads

PLAIN = Guest(vcpus=4, memory_mib=512, disk_gib=3)


def test_a_plain_guest_demands_its_sizes() -> None:
    assert demand(PLAIN) == Demand(shared=4, memory_mib=512, disk_gib=3)


def test_cells_count_their_own_cpus() -> None:
    guest = Guest(
        vcpus=4,
        memory_mib=512,
        disk_gib=0,
        cpu_policy="mixed",
        dedicated=(1, 2, 3),
        threads_policy="isolate",
        cells=(GuestCell(vcpus=(0, 1), memory_mib=128), GuestCell(vcpus=(2, 3), memory_mib=384)),
        page_kib=2048,
    )
    assert demand(guest) == Demand(
        shared=1,
        dedicated=3,
        threads=Threads.ISOLATE,
        memory_mib=512,
        disk_gib=0,
        page_kib=2048,
        cells=(CellDemand(1, 1, 128), CellDemand(0, 2, 384)),
        features=frozenset({"cpu-pinning", "numa", "pages"}),
    )


def test_the_rest_is_handed_on() -> None:
    guest = Guest(
        vcpus=1,
        memory_mib=1,
        disk_gib=1,
        locked=True,
        resources=(("VGPU", 1),),
        traits=("CUSTOM_A",),
        forbidden=("CUSTOM_B",),
        spread=True,
    )
    made = demand(guest)
    assert (made.locked, made.resources, made.spread) == (True, (("VGPU", 1),), True)
    assert (made.traits, made.forbidden, made.features) == ({"CUSTOM_A"}, {"CUSTOM_B"}, {"locked-memory"})


@pytest.mark.parametrize("near", list(Near))
def test_devices_lock_memory(near: Near) -> None:
    device = GuestDevice(device_class="pci:10de:1eb8", count=2, near=near.value)
    made = demand(Guest(vcpus=1, memory_mib=1, disk_gib=1, devices=(device,)))
    assert made.devices == (DeviceDemand("pci:10de:1eb8", 2, near),)
    assert (made.locked, made.features) == (True, {"pci"})


def test_a_demand_is_a_key() -> None:
    assert hash(demand(PLAIN)) == hash(demand(Guest(vcpus=4, memory_mib=512, disk_gib=3)))
