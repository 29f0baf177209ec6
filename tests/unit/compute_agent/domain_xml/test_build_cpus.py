from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import errors
from common.guest import GuestCell
from common.wire import Cell, Goal, PlacedCell, Placement
from compute_agent.domain_xml import builder
from compute_agent.domain_xml.domain import Domain, Topology
from compute_agent.domain_xml.host import HostFacts
from compute_agent.domain_xml.tuning import VcpuPin
from tests.unit.compute_agent.domain_xml import samples
from tests.unit.compute_agent.domain_xml.judge import complaints

WIDE = HostFacts(
    virt_type="kvm",
    emulator="/usr/bin/qemu-system-x86_64",
    machines=samples.MACHINES,
    cells=tuple(
        Cell(
            id=n,
            cpus=tuple(range(16 * n, 16 * n + 16)),
            memory_mib=1 << 20,
            dedicated=tuple(range(16 * n + 8, 16 * n + 16)),
        )
        for n in range(4)
    ),
)


def built(goal: Goal, host: HostFacts = samples.CELLED) -> Domain:
    return builder.domain(goal, host, samples.BARE)


@st.composite
def placed_guests(draw: st.DrawFn) -> Goal:
    """Give goals of guests with one to four cells, some of whose vCPUs are dedicated, placed on the wide host."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    where = draw(st.permutations(range(4)))
    page, seen = draw(st.sampled_from([0, 2048])), len(sizes) > 1 or draw(st.booleans())
    cells, dedicated, first = [], [], 0
    for size, host in zip(sizes, where, strict=False):
        own = draw(st.integers(0, size))
        vcpus = tuple(range(first, first + size))
        dedicated += vcpus[:own]
        free = draw(st.permutations(WIDE.cells[host].dedicated))
        cells.append(PlacedCell(cell=host, vcpus=vcpus, cpus=tuple(free[:own]), memory_mib=256, page_kib=page))
        first += size
    guest_cells = tuple(GuestCell(vcpus=cell.vcpus, memory_mib=256) for cell in cells) if seen else ()
    return samples.goal(
        placement=Placement(cells=tuple(cells)),
        vcpus=first,
        memory_mib=256 * len(cells),
        dedicated=tuple(dedicated),
        cells=guest_cells,
        page_kib=page,
        locked=draw(st.booleans()),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(goal=placed_guests())
def test_any_placement_fits_the_schema_and_is_read_again(goal: Goal) -> None:
    made = built(goal, WIDE)
    assert complaints("domain", made.to_xml()) == ""
    assert Domain.from_xml(made.to_xml()) == made
    assert goal.placement
    assert made.cpu_tune
    tops = made.cpu.topology if made.cpu else None
    assert tops
    assert tops.sockets * tops.cores * tops.threads == made.vcpus == len(made.cpu_tune.vcpus)
    given_out = [pin.cpuset for pin in made.cpu_tune.vcpus if pin.cpuset.isdecimal()]
    assert sorted(map(int, given_out)) == sorted(cpu for cell in goal.placement.cells for cpu in cell.cpus)


@pytest.mark.parametrize(
    ("sizes", "asked", "made"),
    [
        ((2, 2), {}, (2, 2, 1)),
        ((4, 4), {"threads": 2}, (2, 2, 2)),
        ((4, 2), {}, (3, 2, 1)),
        ((3, 1), {}, (4, 1, 1)),
        ((4,), {}, (1, 4, 1)),
        ((2, 2), {"sockets": 1}, (1, 4, 1)),
        ((2, 2), {"cores": 1}, (4, 1, 1)),
        ((2, 2, 2, 2), {"sockets": 2}, (2, 4, 1)),
    ],
)
def test_sockets_follow_the_cells(sizes: tuple[int, ...], asked: dict[str, Any], made: tuple[int, int, int]) -> None:
    cpu = built(of_cells(sizes, **asked), WIDE).cpu
    assert cpu is not None
    assert cpu.topology == Topology(sockets=made[0], cores=made[1], threads=made[2])


def of_cells(sizes: tuple[int, ...], **asked: Any) -> Goal:
    """Give the goal of a guest with cells of these sizes, each in the host's cell of the same number."""
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    vcpus = [tuple(range(start, start + size)) for start, size in zip(starts, sizes, strict=True)]
    placed = tuple(PlacedCell(cell=number, vcpus=some, memory_mib=64) for number, some in enumerate(vcpus))
    return samples.goal(
        placement=Placement(cells=placed),
        vcpus=sum(sizes),
        memory_mib=64 * len(sizes),
        cells=tuple(GuestCell(vcpus=some, memory_mib=64) for some in vcpus),
        **asked,
    )


def test_a_core_is_in_one_cell() -> None:
    with pytest.raises(errors.BadRequest, match="one core would be in two"):
        built(of_cells((3, 1), threads=2), WIDE)


def test_a_guest_that_shares_keeps_off_dedicated_cpus() -> None:
    made = built(samples.goal())
    assert (made.cpuset, made.cpu_tune, made.numa_tune) == ("0,2,4", None, None)
    assert built(samples.goal(), samples.TCG).cpuset is None


def test_vcpus_are_pinned_as_they_were_placed() -> None:
    tune = built(samples.pinned()).cpu_tune
    assert tune is not None
    assert tune.vcpus == (VcpuPin(vcpu=0, cpuset="7"), VcpuPin(vcpu=1, cpuset="5"))
    assert tune.emulator == "4"


def test_memory_is_of_the_cells_that_were_placed() -> None:
    tune = built(samples.numa()).numa_tune
    assert tune is not None
    assert (tune.mode, tune.nodeset) == ("strict", "0-1")
    assert [(node.cell, node.nodeset) for node in tune.nodes] == [(0, "1"), (1, "0")]


@pytest.mark.parametrize("asked", [{"locked": True}, {"page_kib": 2048}])
def test_memory_that_is_the_guests_alone_is_not_reported_as_free(asked: dict[str, Any]) -> None:
    balloon = built(samples.pinned(**asked)).devices.balloon
    assert balloon is not None
    assert balloon.free_page_reporting is False


def test_a_placement_that_the_host_has_not_is_refused() -> None:
    with pytest.raises(errors.HypervisorError, match="NUMA cell 1; this host has none"):
        built(samples.pinned(), samples.KVM)
