"""What is there of a lab, however it ended: processes, links and mounts, found without any note that it wrote."""

import os
from pathlib import Path

from lab import places, processes


def found() -> list[str]:
    """Say what is there, each in a few words; nothing where no lab is."""
    return [
        *(f"process {pid} ({_name(pid)})" for pid in running()),
        *(f"network link {link}" for link in links()),
        *(f"mount {mount}" for mount in mounts()),
    ]


def running() -> list[int]:
    """Give the ids of a lab's processes, this one aside.

    Those in a host's process namespace end with its first process, which is one of them.
    """
    every = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [pid for pid in every if pid != os.getpid() and processes.alive(pid) and _of_lab(pid)]


def _of_lab(pid: int) -> bool:
    """Say whether a process is a lab's: by its environment, or, as PostgreSQL writes over its own, by its folder."""
    state = os.fsencode(places.STATE)
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        folder = Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return False
    marked = places.MARK.encode() + b"=" + state in environment
    # RabbitMQ's processes get an environment of their own
    return marked or b"HOME=" + state + b"/rabbitmq" in environment or folder == places.STATE / "postgresql"


def links() -> list[str]:
    """Give the names of a lab's network links on the machine."""
    names = [entry.name for entry in Path("/sys/class/net").iterdir()]
    return sorted(name for name in names if name == places.BRIDGE or name.startswith(places.LINK))


def mounts() -> list[str]:
    """Give the mounts below the lab's folders that the machine itself sees."""
    targets = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [target for target in targets if Path(target).is_relative_to(places.STATE)]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"
