"""Facts of the host that the kernel tells: disk, memory, CPU time, routes, flags, this boot's id."""

import ipaddress
import shutil
import socket
import struct
from pathlib import Path
from typing import NamedTuple

import os_traits

PROC = Path("/proc")

OWN_BRIDGES = ("tbr-", "virbr")
"""Names of bridges that we or libvirt make: their routes are no one else's."""

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


def routes() -> tuple[str, ...]:
    """Give the networks that this host reaches by IPv4, but for the default route and our own bridges."""
    found = set()
    for line in (PROC / "net/route").read_text().splitlines()[1:]:
        device, destination, *rest = line.split()
        if not device.startswith(OWN_BRIDGES) and int(destination, 16):
            found.add(str(ipaddress.ip_network(f"{_address(destination)}/{_address(rest[5])}")))
    return tuple(sorted(found))


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
