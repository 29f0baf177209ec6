"""Facts of the host that the system tells: disk, memory, CPU time, uptime, routes, flags, this boot's id."""

import ipaddress
import resource
import shutil
import socket
import struct
import time
from pathlib import Path
from typing import NamedTuple

import os_traits

from common.wire import Route

PROC = Path("/proc")

LOGINS = Path("/run/utmp")
LOGIN, LOGIN_SIZE = 7, 384
"""utmp(5): the type of an entry that is a user's login, and an entry's bytes."""

CAP_SYS_RESOURCE = 24
"""capabilities(7): who has it raises limits."""

X86 = "HW_CPU_X86_"
FLAGS = {
    "AESNI": "aes",
    "SHA": "sha_ni",
    "FMA3": "fma",
    "BMI": "bmi1",
    "SSE3": "pni",
    "TSX": "rtm",
    "CLMUL": "pclmulqdq",
}
"""Traits whose flag in /proc/cpuinfo has another name."""


class Disk(NamedTuple):
    """A file system, in bytes."""

    total: int
    free: int


def boot_id() -> str:
    """Give the kernel's id of this boot."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def disk(path: Path) -> Disk:
    """Measure the file system below ``path``."""
    usage = shutil.disk_usage(path)
    return Disk(usage.total, usage.free)


def memory() -> tuple[int, int]:
    """Give MiB of memory in all, and MiB that can still be used."""
    lines = (line.split() for line in (PROC / "meminfo").read_text().splitlines())
    kib = {words[0].rstrip(":"): int(words[1]) for words in lines}
    return kib["MemTotal"] // 1024, kib["MemAvailable"] // 1024


def uptime() -> str:
    """Say the time, how long the host is up, who uses it and its load, in the form of uptime(1)."""
    seconds = int(float((PROC / "uptime").read_text().split()[0]))
    load = ", ".join((PROC / "loadavg").read_text().split()[:3])
    users = logins()
    named = f"{users} user" if users == 1 else f"{users} users"
    return f" {time.strftime('%H:%M:%S')} up {_span(seconds)},  {named},  load average: {load}"


def _span(seconds: int) -> str:
    days, minutes = seconds // 86400, seconds // 60 % 1440
    clock = f"{minutes // 60:2}:{minutes % 60:02}" if minutes >= 60 else f"{minutes} min"
    return f"{days} {'day' if days == 1 else 'days'}, {clock}" if days else clock


def logins() -> int:
    """Count the users that are logged in; none where the system does not keep count."""
    if not LOGINS.exists():
        return 0
    entries = LOGINS.read_bytes()
    return sum(entries[start] == LOGIN for start in range(0, len(entries), LOGIN_SIZE))


def cpu_flags() -> frozenset[str]:
    """Give the CPUs' feature flags, as the kernel names them; empty on another architecture than x86."""
    for line in (PROC / "cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()


def cpu_traits(flags: frozenset[str]) -> tuple[str, ...]:
    """Give the standard traits of a CPU with these flags, sorted."""
    plain = {flag.replace("_", "").upper() for flag in flags}
    names = (trait.removeprefix(X86) for trait in os_traits.get_traits(X86))
    return tuple(sorted(X86 + n for n in names if (FLAGS[n] in flags if n in FLAGS else n.replace("_", "") in plain)))


def locks_memory() -> bool:
    """Say whether processes of this system may lock as much memory as they like: containers often may not."""
    _, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    lines = (line.split() for line in (PROC / "self/status").read_text().splitlines())
    bounds = next((int(words[1], 16) for words in lines if words and words[0] == "CapBnd:"), 0)
    return hard == resource.RLIM_INFINITY or bool(bounds >> CAP_SYS_RESOURCE & 1)


def is_mounted(kind: str) -> bool:
    """Say whether a file system of this kind is mounted somewhere."""
    return any(line.split()[2] == kind for line in (PROC / "self/mounts").read_text().splitlines())


def routes() -> tuple[Route, ...]:
    """Give the networks that this host reaches by IPv4 and by which device, but for the default route."""
    found = set()
    for line in (PROC / "net/route").read_text().splitlines()[1:]:
        device, destination, *rest = line.split()
        if int(destination, 16):
            cidr = ipaddress.ip_network(f"{_address(destination)}/{_address(rest[5])}")
            found.add(Route(cidr=str(cidr), device=device))
    return tuple(sorted(found, key=lambda route: (route.cidr, route.device)))


def _address(text: str) -> str:
    return socket.inet_ntoa(struct.pack("<I", int(text, 16)))


class CpuMeter:
    """Measures how busy the host's CPUs were since it was last asked."""

    def __init__(self) -> None:
        self._last = self._read()

    def percent(self) -> float:
        """Give the share of time that was not idle, 0 to 100."""
        (idle, total), (idle_before, total_before) = self._read(), self._last
        self._last = (idle, total)
        elapsed = total - total_before
        return round(100 * (1 - (idle - idle_before) / elapsed), 1) if elapsed else 0.0

    @staticmethod
    def _read() -> tuple[int, int]:
        ticks = [int(word) for word in (PROC / "stat").read_text().splitlines()[0].split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)
