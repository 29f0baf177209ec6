"""A lab without hypervisors: it starts, keeps itself alive, refuses a second one, and leaves nothing behind."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.places import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a lab needs root")


class Lab:
    """The commands of a lab, in folders of their own."""

    def __init__(self, folder: Path) -> None:
        self.state, self.var = folder / "state", folder / "var"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "TOFT_LAB_STATE": str(self.state), "TOFT_LAB_VAR": str(self.var)}
        return subprocess.run(
            [sys.executable, "-m", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=200
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        return self.run("lab.up", "--hosts", "2", "--controllers", "2", "--driver", "memory")

    def pid(self, name: str) -> int:
        return int((self.var / "run" / f"{name}.pid").read_text())

    def secrets(self) -> set[str]:
        """Give the passwords and keys of all its parts: the accounts', the hosts' at the broker, those that sign."""
        found = {json.loads((self.var / "run" / "plan.json").read_text())["password"]}
        for file in self.state.glob("enrolled-*.conf"):
            text = file.read_text()
            found |= {*re.findall(r"^keys = [^:]+:(\S+)$", text, re.MULTILINE), *re.findall(r"//[^:]+:([^@]+)@", text)}
        for file in (self.state / "keys").iterdir():
            found |= set(file.read_text().split())
        return found

    def logs(self) -> dict[str, str]:
        """Give all that its parts wrote, by file."""
        broker = [file for file in self.state.glob("rabbitmq/log*/**/*") if file.is_file()]
        files = [*(self.var / "log").iterdir(), *broker, self.state / "postgresql" / "log"]
        return {str(file): file.read_text(errors="replace") for file in files}

    def processes(self) -> list[str]:
        """Give all that runs and names one of the lab's folders, by its command line, folder or environment."""
        mine = str(self.state).encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                told += bytes((entry / "cwd").readlink())
            except OSError:
                continue
            if mine in told:
                found.append((entry / "comm").read_text().strip())
        return sorted(found)


@pytest.fixture
def lab() -> Iterator[Lab]:
    folder = Path(tempfile.mkdtemp(prefix="toft-lab-test-"))
    folder.chmod(0o711)
    made = Lab(folder)
    yield made
    made.run("lab.down")
    shutil.rmtree(folder)


def test_a_lab_from_its_start_to_its_end(lab: Lab) -> None:
    started = lab.up()
    assert started.returncode == 0, started.stdout + started.stderr
    assert "all 2 hosts are up" in started.stdout
    assert {"haproxy", "beam.smp", "postgres"} <= set(lab.processes())

    second = lab.up()
    assert second.returncode == 1
    assert "a lab is here already" in second.stderr
    assert "make lab-down" in second.stderr

    killed = lab.pid("agent-host2")
    os.kill(killed, 9)
    end = time.monotonic() + 30
    while lab.pid("agent-host2") == killed and time.monotonic() < end:
        time.sleep(0.05)
    assert lab.pid("agent-host2") != killed, "nobody started it again"

    secrets, logs = lab.secrets(), lab.logs()
    assert len(secrets) >= 8
    assert sum(map(len, logs.values())) > 1000
    assert [file for file, text in logs.items() if any(secret in text for secret in secrets)] == []

    os.kill(lab.pid("keeper"), 9)  # a lab that crashed is taken down as well
    down = lab.run("lab.down")
    assert "The lab is gone" in down.stdout, down.stdout + down.stderr
    assert lab.processes() == []
    assert not lab.state.exists()
    assert lab.run("lab.down").stdout == "No lab was here.\n"


def test_a_lab_whose_start_was_killed_is_taken_down_whole(lab: Lab) -> None:
    env = {**os.environ, "TOFT_LAB_STATE": str(lab.state), "TOFT_LAB_VAR": str(lab.var)}
    words = [sys.executable, "-m", "lab.up", "--hosts", "2", "--driver", "memory"]
    with subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as starting:
        assert starting.stdout is not None
        assert "postgresql runs" in starting.stdout.readline()
        starting.kill()
    assert "postgres" in lab.processes()
    assert "The lab is gone" in lab.run("lab.down").stdout
    assert lab.processes() == []
