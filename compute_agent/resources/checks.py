"""Checks of the machine itself: what must be right before a guest can run."""

import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from common.settings import Settings
from compute_agent.resources import probe

GIB = 1024**3
MEMORY_MIB, DISK_GIB = 512, 2
"""What is needed beside the reserve for one small guest and its image."""

ORPHAN_SECONDS = 1.0
"""How long a process that ended may take to vanish."""


class Check(NamedTuple):
    """One line of the doctor's table."""

    name: str
    verdict: Literal["ok", "warn", "fail"]
    found: str
    advice: str = ""


def machine_checks(settings: Settings, in_use: bool = False) -> Iterator[Check]:
    """Check port, memory, disk, folders and processes.

    :param in_use: whether Toft itself runs here, and so has the port.
    """
    yield _port(settings, in_use)
    yield _memory(settings)
    yield _disk(settings)
    yield _folders(Path(settings.state.path))
    yield orphans()


def _port(settings: Settings, in_use: bool) -> Check:
    address = (settings.api.listen, settings.api.port)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError as error:
            if in_use:
                return Check("API port", "ok", f"{address[0]}:{address[1]} is Toft's, which runs")
            return Check("API port", "fail", f"{address[0]}:{address[1]}: {error.strerror}", "set [api] port")
    return Check("API port", "ok", f"{address[0]}:{address[1]} is free")


def _memory(settings: Settings) -> Check:
    total, available = probe.memory()
    found = f"{total} MiB, {available} MiB available, {settings.agent.reserved_memory_mib} MiB reserved"
    if total - settings.agent.reserved_memory_mib < MEMORY_MIB:
        return Check("memory", "fail", found, "lower [agent] reserved_memory_mib, or add memory")
    if available < MEMORY_MIB:
        return Check("memory", "warn", found, "end what uses it")
    return Check("memory", "ok", found)


def _disk(settings: Settings) -> Check:
    disk = probe.disk(_existing(Path(settings.state.path)))
    found = f"{disk.total // GIB} GiB, {disk.free // GIB} GiB free, {settings.agent.reserved_disk_gib} GiB reserved"
    if disk.total // GIB - settings.agent.reserved_disk_gib < DISK_GIB:
        return Check("disk", "fail", found, "lower [agent] reserved_disk_gib, or set [state] path to a larger disk")
    if disk.free // GIB < DISK_GIB:
        return Check("disk", "fail", found, "free some, or set [state] path to a larger disk")
    return Check("disk", "ok", found)


def _folders(path: Path) -> Check:
    closed = [str(folder) for folder in [path, *path.parents] if folder.exists() and not _passable(folder)]
    if closed:
        advice = f"chmod o+x {closed[-1]}, or set [state] path to another place"
        return Check("folders", "fail", f"{', '.join(closed)}: the QEMU user cannot pass", advice)
    return Check("folders", "ok", f"{path}: the QEMU user can pass through all above it")


def _passable(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def orphans() -> Check:
    """See whether processes that lost their parent vanish when they end, as every QEMU does sooner or later."""
    started = subprocess.run(["sh", "-c", "true & echo $!"], capture_output=True, check=True)  # noqa: S607
    status = probe.PROC / started.stdout.decode().strip() / "status"
    end = time.monotonic() + ORPHAN_SECONDS
    while time.monotonic() < end:
        if not status.exists():
            return Check("processes", "ok", "those that end are gone")
        time.sleep(0.05)
    found = "those that end stay as zombies (process 1 is no init), and libvirt waits 40 s for each QEMU"
    return Check("processes", "warn", found, "run the container with --init")


def _existing(path: Path) -> Path:
    return next(folder for folder in [path, *path.parents] if folder.exists())
