"""What is broken in a lab, and how it is mended. A process that is killed is started again by the lab's keeper."""

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from lab import places
from lab.plan import Plan

HOLD = (1.0, 12.0)
"""Seconds that something stays stopped, full or alarmed, at least and at most."""

_NAMED = re.compile(r"( of host|-host| on host|(?<=controller)-)\d+| for [\d.]+ s")
FILLER = "filler"
"""The file that fills a host's disk."""


class Faults:
    """The faults of a lab, one at a time, by the dice."""

    def __init__(self, plan: Plan, dice: random.Random) -> None:
        self._plan, self._dice = plan, dice
        kinds: list[tuple[str, Callable[[], str]]] = [
            ("kill", self._kill),
            ("stop", self._stop),
            ("alarm", self._alarm),
        ]
        if plan.driver == "libvirt":
            kinds += [("guest", self._break_guest), ("disk", self._fill_disk), ("power", self._cut_power)]
        self._kinds, self._weights = kinds, [6, 4, 1, 2, 1, 0.5][: len(kinds)]
        self.made: Counter[str] = Counter()
        """How many there were, by what they were: without names of hosts and seconds."""

    def next(self) -> str:
        """Make the next fault, mend it if nobody else does, and say what it was."""
        [(_, fault)] = self._dice.choices(self._kinds, self._weights)
        what = fault()
        self.made[_NAMED.sub("", what)] += 1
        return what

    def _kill(self) -> str:
        name, pid = self._victim()
        _signal([pid], signal.SIGKILL)
        return f"kill -9 {name}"

    def _stop(self) -> str:
        name, pid = self._victim()
        return self._stopped(name, [pid, *_children(pid)] if name == "postgresql" else [pid])

    def _alarm(self) -> str:
        seconds = self._dice.uniform(*HOLD)
        self._watermark("0.0000001")
        time.sleep(seconds)
        self._watermark("0.4")
        return f"memory alarm of rabbitmq for {seconds:.1f} s"

    def _cut_power(self) -> str:
        host = self._dice.choice(self._plan.host_names)
        _signal([places.pid(host)], signal.SIGKILL)
        return f"power of {host} cut"

    def _break_guest(self) -> str:
        guests = [(host, pid) for host in self._plan.host_names for pid in inside(host, "qemu-system-x86")]
        if not guests:
            return self._kill()
        host, pid = self._dice.choice(guests)
        if self._dice.random() < 0.5:
            _signal([pid], signal.SIGKILL)
            return f"kill -9 a guest on {host}"
        return self._stopped(f"a guest on {host}", [pid])

    def _stopped(self, name: str, pids: list[int]) -> str:
        seconds = self._dice.uniform(*HOLD)
        _signal(pids, signal.SIGSTOP)
        time.sleep(seconds)
        _signal(pids, signal.SIGCONT)
        return f"SIGSTOP {name} for {seconds:.1f} s"

    def _fill_disk(self) -> str:
        host = self._dice.choice(self._plan.host_names)
        seconds = self._dice.uniform(*HOLD)
        file = places.STATE / host / "state" / "instances" / FILLER
        fill = f"fallocate -l $(df -B1 --output=avail {file.parent} | tail -1) {file}; cat /dev/zero > {file}.more"
        # never the machine's own disk
        self._on(host, f"mountpoint -q {file.parent} && ({fill}) 2>/dev/null")
        time.sleep(seconds)
        self._on(host, f"rm -f {file} {file}.more")
        return f"disk of {host} full for {seconds:.1f} s"

    def _on(self, host: str, script: str) -> None:
        """Run a script in a host that may be restarting: what fails then has broken enough."""
        subprocess.run([places.ROOT / "lab" / "on", host, "sh", "-c", script], capture_output=True, timeout=120)

    def _victim(self) -> tuple[str, int]:
        """Choose a process; libvirtd is none of the keeper's, its host starts it again."""
        plan = self._plan
        names = [*plan.controller_names, "rabbitmq", "postgresql"]
        for host in plan.host_names:
            names += [f"agent-{host}", *([f"libvirtd of {host}"] if plan.driver == "libvirt" else [])]
        name = self._dice.choice(names)
        if name.startswith("libvirtd"):
            found = inside(name.rpartition(" ")[2], "libvirtd")
            return (name, found[0]) if found else self._victim()
        return name, places.pid(name)

    def _watermark(self, share: str) -> None:
        home = places.STATE / "rabbitmq"
        ports = self._plan.ports
        environment = {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(home),
            "ERL_EPMD_PORT": str(ports["epmd"]),
            "RABBITMQ_NODENAME": f"toft{ports['amqp']}@localhost",
            "RABBITMQ_CTL_ERL_ARGS": "+S 1:1",
        }
        command = ["/usr/lib/rabbitmq/bin/rabbitmqctl", "-q", "set_vm_memory_high_watermark", share]
        subprocess.run(command, env=environment, cwd="/", user="rabbitmq", capture_output=True, timeout=60)


def inside(host: str, program: str) -> list[int]:
    """Give the processes of a host that run a program, by the machine's ids."""
    try:
        space = Path(f"/proc/{places.pid(host)}/ns/pid").readlink()
    except OSError:
        return []
    return sorted(pid for pid in _processes(space) if _comm(pid) == program)


def _processes(space: Path) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdecimal() and (entry / "ns" / "pid").readlink() == space:
                yield int(entry.name)


def _comm(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
