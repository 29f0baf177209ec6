"""The command `toft agent`."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from common import errors
from common.bus.memory import MemoryBus
from compute_agent.cmd import agent as command

LEAN = "import sys, compute_agent.cmd.agent; print(*sorted(n for n in sys.modules if '.' not in n))"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "toft.conf"
    file.write_text(
        f"[state]\npath = {tmp_path / 'state'}\n[agent]\ndriver = memory\n[bus]\nurl = amqp://127.0.0.1:1/\n"
    )
    return file


def test_it_runs_until_it_is_told_to_stop(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(command, "open_bus", lambda settings: MemoryBus())
    monkeypatch.setattr(command.logs, "setup", lambda settings: None)
    made: list[str] = []
    embedded = command.embedded

    def spied(*args: object) -> object:
        service = embedded(*args)  # type: ignore[arg-type]
        made.append(service.identity.host)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        return service

    monkeypatch.setattr(command, "embedded", spied)
    result = CliRunner().invoke(command.agent, ["--config", str(config)])
    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert (result.exit_code, result.exception) == (0, None)
    assert (config.parent / "state" / "agent" / "host_id").read_text().strip() == made[0]


def test_it_wants_a_broker(tmp_path: Path) -> None:
    file = tmp_path / "toft.conf"
    file.write_text("[bus]\nurl = memory://\n")
    result = CliRunner().invoke(command.agent, ["--config", str(file)])
    assert isinstance(result.exception, errors.SettingsError)
    assert "broker" in str(result.exception)


def test_it_loads_nothing_of_the_controllers() -> None:
    loaded = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"controller", "sqlalchemy", "falcon", "numpy", "oslo_utils", "kombu", "libvirt", "pycdlib", "cryptography"}
    assert heavy & set(loaded) == set()
