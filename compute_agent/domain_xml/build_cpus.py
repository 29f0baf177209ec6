"""Author a guest's CPUs and memory: how the guest sees them, and where they are on the host."""

from math import gcd

from common import cpu_list, errors
from common.guest import Guest
from compute_agent.domain_xml import domain as shapes
from compute_agent.domain_xml import tuning
from compute_agent.domain_xml.defaults import DEFAULTS
from compute_agent.placement import Seat


def topology(guest: Guest) -> shapes.Topology:
    """Arrange the CPUs as asked; what was not asked is made to fit, and no socket is in two NUMA cells.

    :raises BadRequest: the threads of a core would be in two NUMA cells.
    """
    threads = guest.threads or DEFAULTS.threads
    grain = _grain(guest)
    if grain % threads:
        raise errors.BadRequest(f"with {threads} threads a core, one core would be in two of the guest's NUMA cells")
    if guest.cores:
        sockets = guest.sockets or guest.vcpus // (guest.cores * threads)
        return shapes.Topology(
            sockets=sockets, cores=guest.cores, threads=guest.threads or guest.vcpus // (sockets * guest.cores)
        )
    sockets = guest.sockets or (guest.vcpus // grain if guest.cells else DEFAULTS.sockets)
    return shapes.Topology(sockets=sockets, cores=guest.vcpus // (sockets * threads), threads=threads)


def _grain(guest: Guest) -> int:
    """Give how many vCPUs in a row are in one NUMA cell at least, wherever one begins to count by that number."""
    cell = {vcpu: number for number, one in enumerate(guest.cells) for vcpu in one.vcpus}
    borders = (vcpu for vcpu in range(1, guest.vcpus) if cell.get(vcpu) != cell.get(vcpu - 1))
    return gcd(guest.vcpus, *borders)


def cells(guest: Guest) -> tuple[tuning.NumaCell, ...]:
    """Give the NUMA cells that the guest sees."""
    return tuple(
        tuning.NumaCell(id=number, cpus=cpu_list.text(cell.vcpus), memory=cell.memory_mib * 1024, unit="KiB")
        for number, cell in enumerate(guest.cells)
    )


def backing(guest: Guest) -> tuning.MemoryBacking | None:
    """Say what the guest's memory is made of; nothing where it is ordinary."""
    if not guest.page_kib and not guest.locked:
        return None
    return tuning.MemoryBacking(pages=_pages(guest), unmerged=guest.locked, locked=guest.locked)


def _pages(guest: Guest) -> tuple[tuning.Page, ...]:
    if not guest.page_kib:
        return ()
    seen = cpu_list.text(range(len(guest.cells))) if guest.cells else None
    return (tuning.Page(size=guest.page_kib, unit="KiB", cells=seen),)


def cpu_tune(seat: Seat) -> tuning.CpuTune | None:
    """Pin each vCPU of a guest that was placed; one that was not runs on the domain's set of CPUs."""
    if not seat.cells:
        return None
    pins = enumerate(seat.vcpus)
    return tuning.CpuTune(
        vcpus=tuple(tuning.VcpuPin(vcpu=vcpu, cpuset=cpu_list.text(where)) for vcpu, where in pins),
        emulator=cpu_list.text(seat.emulator),
    )


def numa_tune(guest: Guest, seat: Seat) -> tuning.NumaTune | None:
    """Bind memory to the host's cells that the guest was placed in: each of its cells to its own, where it sees any."""
    if not seat.cells:
        return None
    mode = DEFAULTS.numa_mode
    bound = enumerate(seat.cells if guest.cells else ())
    return tuning.NumaTune(
        mode=mode,
        nodeset=cpu_list.text(cell.cell for cell in seat.cells),
        nodes=tuple(tuning.MemNode(cell=number, mode=mode, nodeset=str(cell.cell)) for number, cell in bound),
    )
