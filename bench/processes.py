"""CPU and memory of processes and all their descendants, read from /proc."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

TICK = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
Roots = Mapping[str, Iterable[int]]
"""Processes by role; a role's descendants count with it, unless they are another role's."""


class _Stat(NamedTuple):
    parent: int
    ticks: int


class Memory(NamedTuple):
    """Memory of a role in MiB: resident, and with shared pages divided among those who share them."""

    rss: float
    pss: float
    processes: int


def cpu_seconds(roots: Roots) -> dict[str, float]:
    """Give the CPU-seconds that each role has used so far, ended and awaited children included."""
    table = _table()
    found = _by_role(table, roots)
    return {role: sum(table[pid].ticks for pid in pids) / TICK for role, pids in found.items()}


def memory(roots: Roots) -> dict[str, Memory]:
    """Give what each role holds in memory now."""
    return {role: _memory(pids) for role, pids in _by_role(_table(), roots).items()}


def _table() -> dict[int, _Stat]:
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended while we looked
                found[int(entry.name)] = _stat((entry / "stat").read_text())
    return found


def _stat(line: str) -> _Stat:
    """Read a line of /proc/*/stat: utime, stime and those of awaited children are its fields 14 to 17."""
    fields = line.rpartition(")")[2].split()
    return _Stat(parent=int(fields[1]), ticks=sum(map(int, fields[11:15])))


def _by_role(table: Mapping[int, _Stat], roots: Roots) -> dict[str, list[int]]:
    role_of = {pid: role for role, pids in roots.items() for pid in pids}
    found: dict[str, list[int]] = {role: [] for role in roots}
    for pid in table:
        at = pid
        while at in table and at not in role_of:
            at = table[at].parent
        if at in table:
            found[role_of[at]].append(pid)
    return found


def _memory(pids: Iterable[int]) -> Memory:
    rss = pss = 0
    count = 0
    for pid in pids:
        with suppress(OSError):
            sizes = dict(_sizes((PROC / str(pid) / "smaps_rollup").read_text()))
            rss, pss, count = rss + sizes["Rss"], pss + sizes["Pss"], count + 1
    return Memory(rss / 1024, pss / 1024, count)


def _sizes(text: str) -> Iterable[tuple[str, int]]:
    for line in text.splitlines()[1:]:
        name, _, rest = line.partition(":")
        yield name, int(rest.split()[0])
