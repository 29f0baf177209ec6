"""Guests whose CPUs, cells and pages were chosen: what libvirt and the kernel say of them is what was placed."""

import dataclasses
import subprocess
from collections.abc import Iterator
from pathlib import Path

import libvirt
import msgspec
import pytest

from common import errors
from common.clock import SystemClock
from common.guest import Guest, GuestCell
from common.guest.features import LOCKED_MEMORY
from common.settings import Compute, Settings
from common.wire import Cell, Goal, PlacedCell, Placement
from compute_agent.domain_xml import builder
from compute_agent.domain_xml.domain import Domain
from compute_agent.driver.libvirt import driver as module
from compute_agent.driver.libvirt import make
from tests.contract.driver_suite import NETWORK, SERVER, goal_for, port, prepare, remove

MEMORY = 128
PAGE_KIB = 2048
RESERVED = Path(f"/sys/kernel/mm/hugepages/hugepages-{PAGE_KIB}kB/nr_hugepages")


@pytest.fixture
def driver(settings: Settings) -> Iterator[module.LibvirtDriver]:
    """A host that dedicates its CPU 1."""
    made = make(msgspec.structs.replace(settings, compute=Compute(dedicated_cpus="1")), SystemClock())
    made.connect(lambda event: None)
    yield made
    remove(made, SERVER)
    made.unbind_port(NETWORK.id, port(1).mac)
    made.remove_network(NETWORK.id)
    made.close()


@pytest.fixture
def pages() -> Iterator[int]:
    """As many huge pages as a guest needs, if the machine's memory has them in one piece."""
    before, wanted = int(RESERVED.read_text()), MEMORY * 1024 // PAGE_KIB
    try:
        RESERVED.write_text(str(before + wanted))
    except OSError as error:
        pytest.skip(f"huge pages cannot be reserved: {error}")
    try:
        if int(RESERVED.read_text()) < before + wanted:
            pytest.skip(f"the kernel reserved {RESERVED.read_text().strip()} huge pages of {before + wanted}")
        yield wanted
    finally:
        RESERVED.write_text(str(before))


def goal(tiny, placed: PlacedCell | None, **asked) -> Goal:
    guest = Guest(**{"vcpus": 2, "memory_mib": MEMORY, "disk_gib": 1} | asked)
    placement = Placement(cells=(placed,)) if placed else None
    return goal_for(tiny, guest=guest, placement=placement, ports=(port(1),))


def place(*cpus: int, **said) -> PlacedCell:
    return PlacedCell(cell=0, vcpus=(0, 1), cpus=cpus, memory_mib=MEMORY, **said)


def started(driver, wish: Goal) -> None:
    prepare(driver, wish)
    driver.define(wish)
    driver.start(SERVER)


def virsh(*words: str) -> dict[str, str]:
    """Give what virsh prints in columns: the first word of each line -> the last."""
    done = subprocess.run(["virsh", "-q", *words, SERVER], check=True, capture_output=True, text=True)
    lines = (line.split() for line in done.stdout.splitlines() if line.strip())
    return {line[0].rstrip(":"): line[-1] for line in lines}


def pid() -> str:
    return Path(f"/run/libvirt/qemu/{SERVER}.pid").read_text().strip()


def status(task: Path, name: str) -> str:
    return next(line.split()[1] for line in (task / "status").read_text().splitlines() if line.startswith(f"{name}:"))


def threads() -> dict[str, str]:
    """Give the CPUs that the kernel lets each of QEMU's threads run on, by the thread's name."""
    tasks = Path(f"/proc/{pid()}/task").iterdir()
    return {(task / "comm").read_text().strip(): status(task, "Cpus_allowed_list") for task in tasks}


def test_a_vcpu_has_the_cpu_that_it_was_given(driver, tiny):
    started(driver, goal(tiny, place(1), cpu_policy="mixed", dedicated=(1,)))
    assert virsh("vcpupin") == {"0": "0", "1": "1"}
    assert set(virsh("emulatorpin").values()) == {"0"}
    assert virsh("numatune") == {"numa_mode": "strict", "numa_nodeset": "0"}
    seen = threads()
    assert {name: cpus for name, cpus in seen.items() if name.startswith("CPU ")} == {
        "CPU 0/TCG": "0",
        "CPU 1/TCG": "1",
    }
    assert seen["qemu-system-x86"] == "0"


def test_the_live_definition_is_what_was_placed(driver, tiny):
    seen = (GuestCell(vcpus=(0, 1), memory_mib=MEMORY),)
    wish = goal(tiny, place(1), cpu_policy="mixed", dedicated=(0,), cells=seen)
    started(driver, wish)
    done = subprocess.run(["virsh", "dumpxml", SERVER], check=True, capture_output=True, text=True)
    live = Domain.from_xml(done.stdout)
    assert live.cpu_tune
    assert [(pin.vcpu, pin.cpuset) for pin in live.cpu_tune.vcpus] == [(0, "1"), (1, "0")]
    assert live.numa_tune
    assert [(node.cell, node.mode, node.nodeset) for node in live.numa_tune.nodes] == [(0, "strict", "0")]
    assert live.cpu
    assert [(cell.cpus, cell.memory) for cell in live.cpu.cells] == [("0-1", MEMORY * 1024)]
    assert "bind:0" in Path(f"/proc/{pid()}/numa_maps").read_text()


def test_who_shares_keeps_off_the_dedicated_cpu(driver, tiny):
    started(driver, goal(tiny, None))
    assert virsh("vcpupin") == {"0": "0", "1": "0"}
    assert set(threads().values()) == {"0"}


def test_memory_is_in_huge_pages(driver, tiny, pages):
    assert driver.inventory().pages == {str(PAGE_KIB): int(RESERVED.read_text())}
    started(driver, goal(tiny, place(page_kib=PAGE_KIB), page_kib=PAGE_KIB))
    used = int((RESERVED.parent / "nr_hugepages").read_text()) - int((RESERVED.parent / "free_hugepages").read_text())
    assert used >= pages
    driver.destroy(SERVER)


def test_locked_memory_is_not_swapped_out(driver, tiny):
    if LOCKED_MEMORY not in driver.features:
        pytest.skip("this machine's processes may not raise their limit of locked memory")
    started(driver, goal(tiny, None, locked=True))
    assert int(status(Path(f"/proc/{pid()}"), "VmLck")) >= MEMORY * 1024


def test_two_cells_start(driver, tiny):
    """This machine has one cell: the guest's two are authored for a host of two, and both bound to the one there is."""
    host = msgspec.structs.replace(
        driver._facts,
        cells=(Cell(id=0, cpus=(0,), memory_mib=MEMORY), Cell(id=1, cpus=(1,), memory_mib=MEMORY, dedicated=(1,))),
    )
    halves = [PlacedCell(cell=1, vcpus=(0,), cpus=(1,), memory_mib=64), PlacedCell(cell=0, vcpus=(1,), memory_mib=64)]
    seen = tuple(GuestCell(vcpus=half.vcpus, memory_mib=64) for half in halves)
    wish = msgspec.structs.replace(
        goal(tiny, None, dedicated=(0,), cells=seen), placement=Placement(cells=tuple(halves))
    )
    prepare(driver, wish)
    made = builder.domain(wish, host, driver._files(wish, tiny))
    assert made.numa_tune
    bound = tuple(dataclasses.replace(node, nodeset="0") for node in made.numa_tune.nodes)
    here = dataclasses.replace(made, numa_tune=dataclasses.replace(made.numa_tune, nodeset="0", nodes=bound))
    connection = libvirt.open("qemu:///system")
    try:
        connection.defineXML(here.to_xml()).create()
    finally:
        connection.close()
    assert virsh("vcpupin") == {"0": "1", "1": "0"}
    line = Path(f"/proc/{pid()}/cmdline").read_text().replace("\0", " ")
    assert "node,nodeid=0,cpus=0,memdev=ram-node0" in line
    assert "node,nodeid=1,cpus=1,memdev=ram-node1" in line
    assert "sockets=2" in line


@pytest.mark.parametrize(
    ("placed", "why"),
    [
        (place(7), "given CPU 7; cell 0 of this host has 0-1"),
        (msgspec.structs.replace(place(1), cell=4), "placed in NUMA cell 4; this host has 0"),
    ],
)
def test_what_the_host_has_not_is_refused(driver, tiny, placed, why):
    wish = goal(tiny, placed, dedicated=(0,))
    prepare(driver, wish)
    with pytest.raises(errors.HypervisorError, match=why):
        driver.define(wish)


def test_the_host_tells_its_cells(driver):
    (cell,) = driver.inventory().cells
    assert (cell.id, cell.cpus, cell.dedicated) == (0, (0, 1), (1,))
    assert sorted(cpu for core in cell.siblings for cpu in core) == [0, 1]


def test_cpus_that_are_not_there_cannot_be_dedicated(settings):
    made = make(msgspec.structs.replace(settings, compute=Compute(dedicated_cpus="1-9")), SystemClock())
    try:
        with pytest.raises(errors.SettingsError, match="names CPU 2-9"):
            made.connect(lambda event: None)
    finally:
        made.close()
