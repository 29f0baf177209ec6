"""Where a guest sits on its host: what the scheduler chose, held against the guest and the host.

The agent chooses nothing. What contradicts itself, or names what the host has not, is refused with its reason.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from common import cpu_list, errors
from common.guest import Guest, GuestCell
from common.wire import Cell, PlacedCell, Placement

NOWHERE = Placement()


class Seat(NamedTuple):
    """The host's CPUs that each vCPU may run on (in the vCPUs' order; empty: any), and those of QEMU's own threads.

    ``cells``: as placed, in the order of the guest's cells; none: its memory may be anywhere.
    """

    vcpus: tuple[tuple[int, ...], ...]
    emulator: tuple[int, ...]
    cells: tuple[PlacedCell, ...] = ()


def seat(guest: Guest, placement: Placement | None, cells: Sequence[Cell]) -> Seat:
    """Find the guest's seat on a host with these cells.

    Dedicated vCPUs have the CPUs they were given. The others, and QEMU itself, run on CPUs that nobody was given, of
    the guest's own cells where these have any.

    :raises BadRequest: guest and placement contradict each other.
    :raises HypervisorError: the host has not what the placement names, or no CPU for those that share.
    """
    placed = (placement or NOWHERE).cells
    _agree(guest, placed)
    host = {cell.id: cell for cell in cells}
    for one in placed:
        _has(host, one)
    shared = _shared(cells)
    if cells and not shared and len(guest.dedicated) < guest.vcpus:
        raise errors.HypervisorError("all CPUs of this host are dedicated; none is left for vCPUs that share")
    if not placed:
        anywhere = shared if any(cell.dedicated for cell in cells) else ()
        return Seat((anywhere,) * guest.vcpus, anywhere)
    near = {one.cell: _shared([host[one.cell]]) or shared for one in placed}
    pins = {vcpu: where for one in placed for vcpu, where in _pins(guest, one, near[one.cell]).items()}
    around = sorted({cpu for some in near.values() for cpu in some} or {cpu for one in placed for cpu in one.cpus})
    return Seat(tuple(pins[vcpu] for vcpu in range(guest.vcpus)), tuple(around), placed)


def _shared(cells: Sequence[Cell]) -> tuple[int, ...]:
    return tuple(
        sorted({cpu for cell in cells for cpu in cell.cpus} - {cpu for cell in cells for cpu in cell.dedicated})
    )


def _pins(guest: Guest, placed: PlacedCell, shared: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
    own = dict(zip((vcpu for vcpu in placed.vcpus if vcpu in guest.dedicated), placed.cpus, strict=True))
    return {vcpu: (own[vcpu],) if vcpu in own else shared for vcpu in placed.vcpus}


def _agree(guest: Guest, placed: Sequence[PlacedCell]) -> None:
    """Hold a placement against its guest."""
    if not placed:
        if guest.dedicated or guest.cells or guest.page_kib:
            raise errors.BadRequest("the guest wants CPUs, cells or pages of its own, and its goal does not say which")
        return
    given = [cpu for one in placed for cpu in one.cpus]
    whole = GuestCell(vcpus=tuple(range(guest.vcpus)), memory_mib=guest.memory_mib)
    asked = [(cell.vcpus, cell.memory_mib) for cell in guest.cells or (whole,)]
    wrong = {
        "its cells do not hold each vCPU once": sorted(v for one in placed for v in one.vcpus) != [*range(guest.vcpus)],
        "its cells are not the guest's": asked != [(one.vcpus, one.memory_mib) for one in placed],
        "a host cell is given twice": len({one.cell for one in placed}) < len(placed),
        "a CPU is given twice": len(set(given)) < len(given),
        "a cell has not one CPU for each dedicated vCPU": any(
            len(one.cpus) != len(set(one.vcpus) & set(guest.dedicated)) for one in placed
        ),
        "its pages are not of the size that was asked for": any(one.page_kib != guest.page_kib for one in placed),
    }
    if found := [why for why, so in wrong.items() if so]:
        raise errors.BadRequest(f"the placement contradicts the guest: {'; '.join(found)}")


def _has(host: Mapping[int, Cell], placed: PlacedCell) -> None:
    """Hold a placed cell against the host."""
    cell = host.get(placed.cell)
    if cell is None:
        known = ", ".join(map(str, sorted(host))) or "none that it knows of"
        raise errors.HypervisorError(f"the server was placed in NUMA cell {placed.cell}; this host has {known}")
    if missing := set(placed.cpus) - set(cell.cpus):
        where = f"cell {cell.id} of this host has {cpu_list.text(cell.cpus)}"
        raise errors.HypervisorError(f"the server was given CPU {cpu_list.text(missing)}; {where}")
    if shared := set(placed.cpus) - set(cell.dedicated):
        why = "which [compute] dedicated_cpus of this host does not name"
        raise errors.HypervisorError(f"the server was given CPU {cpu_list.text(shared)}, {why}")
