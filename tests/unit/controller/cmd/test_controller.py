"""The command ``toft controller``."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from common import errors, folder
from common.bus.memory import MemoryBus
from controller.cmd import controller as command
from controller.db import identity
from controller.db.engine import Store
from controller.service import ControllerService
from tests.services.ports import free_ports


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ControllerService]]:
    """Services that the command started; each is told to end as soon as it runs."""
    started: list[ControllerService] = []
    start = ControllerService.start

    def spied(service: ControllerService) -> None:
        start(service)
        started.append(service)
        os.kill(os.getpid(), signal.SIGTERM)

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(ControllerService, "start", spied)
    monkeypatch.setattr(command, "open_bus", lambda chosen: MemoryBus())
    monkeypatch.setattr(command.logs, "setup", lambda chosen: None)
    yield started
    for number, handler in handlers.items():
        signal.signal(number, handler)


def run(state: Path, bus: str = "amqp://nowhere/") -> Result:
    file = state.parent / "toft.conf"
    file.write_text(f"[state]\npath = {state}\n[api]\nport = {free_ports(1)[0]}\n[bus]\nurl = {bus}\n")
    return CliRunner().invoke(command.controller, ["--config", str(file)])


def users(state: Path) -> list[str]:
    store = Store(f"sqlite:///{state / 'toft.sqlite'}")
    with store.read() as tx:
        found = [user.name for user in identity.users(tx)]
    store.close()
    return found


def test_it_runs_until_it_is_told_to_stop(state: Path, begun: list[ControllerService]) -> None:
    result = run(state)
    assert (result.exit_code, result.exception) == (0, None)
    assert len(begun) == 1
    assert state.stat().st_mode & 0o777 == 0o711
    assert users(state) == []
    assert [thread.name for thread in threading.enumerate() if thread.name in ("api", "relay", "watch")] == []


def test_the_operators_password_comes_from_the_environment(
    state: Path, begun: list[ControllerService], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOFT_ADMIN_PASSWORD", "secret")
    assert run(state).exit_code == 0
    assert users(state) == ["admin"]


def test_without_a_broker_that_hosts_could_reach_it_does_not_start(state: Path) -> None:
    result = run(state, bus="memory://")
    assert isinstance(result.exception, errors.SettingsError)
    assert "toft up" in result.exception.message


def test_a_second_one_on_the_same_folder_is_refused(state: Path) -> None:
    with folder.held(folder.prepare(str(state)), "controller"):
        result = run(state)
    assert isinstance(result.exception, errors.Conflict)
    assert str(os.getpid()) in result.exception.message


def test_it_waits_for_a_database_that_comes_later(
    state: Path, begun: list[ControllerService], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start, tries = ControllerService.start, []

    def late(service: ControllerService) -> None:
        tries.append(service)
        if len(tries) == 1:
            raise errors.DatabaseUnavailable("the database is away")
        start(service)

    monkeypatch.setattr(ControllerService, "start", late)
    monkeypatch.setattr("common.patience.AGAIN_SECONDS", 0.0)
    result = run(state)
    assert (result.exit_code, result.exception) == (0, None)
    assert (len(tries), len(begun)) == (2, 1)
    assert "waiting to start: the database is away" in caplog.text
