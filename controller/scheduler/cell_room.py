"""What one of a host's cells has left for one guest."""

from controller.scheduler import threads
from controller.scheduler.terms import CellStock, Threads


def cpus(cell: CellStock, how: Threads) -> int:
    """Count the dedicated CPUs, by what is wanted of hardware threads."""
    return dict(zip(Threads, threads.free(cell), strict=True))[how]


def memory(cell: CellStock, page_kib: int) -> int:
    """Give the MiB, in pages of that size; 0: in ordinary ones."""
    if not page_kib:
        return cell.memory_mib - cell.memory_used
    return (cell.pages.get(page_kib, 0) - cell.pages_used.get(page_kib, 0)) * page_kib // 1024
