"""The host's NUMA cells, as libvirt's capabilities and the settings tell them."""

from common import cpu_list, errors
from common.settings import Settings
from common.wire import Cell
from compute_agent.domain_xml import caps

SMALL_PAGE = 4
"""KiB; larger ones are huge pages."""


def cells(host: caps.Host, settings: Settings) -> tuple[Cell, ...]:
    """Give the host's cells.

    :raises SettingsError: CPUs are to be dedicated that the host has not.
    """
    dedicated = _dedicated(settings)
    known = {cpu.id for cell in host.cells for cpu in cell.cpus}
    if missing := dedicated - known:
        there = f"this host has {cpu_list.text(known) or 'none'}"
        raise errors.SettingsError(f"[compute] dedicated_cpus names CPU {cpu_list.text(missing)}; {there}")
    return tuple(_cell(cell, dedicated) for cell in host.cells)


def _dedicated(settings: Settings) -> frozenset[int]:
    try:
        return cpu_list.parse(settings.compute.dedicated_cpus)
    except ValueError as error:
        raise errors.SettingsError(f"[compute] dedicated_cpus {error}") from error


def _cell(cell: caps.Cell, dedicated: frozenset[int]) -> Cell:
    ids = tuple(cpu.id for cpu in cell.cpus)
    pages = {pages.size: pages.count for pages in cell.pages if pages.size > SMALL_PAGE and pages.count}
    return Cell(
        id=cell.id,
        cpus=ids,
        memory_mib=max(0, cell.memory - sum(size * count for size, count in pages.items())) // 1024,
        pages={str(size): count for size, count in pages.items()},
        socket=next((cpu.socket for cpu in cell.cpus if cpu.socket is not None), 0),
        siblings=_cores(cell),
        dedicated=tuple(cpu for cpu in ids if cpu in dedicated),
    )


def _cores(cell: caps.Cell) -> tuple[tuple[int, ...], ...]:
    """Give the cell's CPUs by core."""
    cores = {cpu_list.parse(cpu.siblings) if cpu.siblings else frozenset({cpu.id}) for cpu in cell.cpus}
    return tuple(sorted(tuple(sorted(core)) for core in cores))


def huge_pages(cells: tuple[Cell, ...]) -> dict[str, int]:
    """Count the host's huge pages, by their size in KiB."""
    sizes = {size for cell in cells for size in cell.pages}
    return {size: sum(cell.pages.get(size, 0) for cell in cells) for size in sorted(sizes, key=int)}


def huge_mib(cells: tuple[Cell, ...]) -> int:
    """Give the memory that is in huge pages, in MiB."""
    return sum(int(size) * count for size, count in huge_pages(cells).items()) // 1024
