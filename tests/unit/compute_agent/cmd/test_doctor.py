"""``toft doctor``, whatever the checks find."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from common import folder
from common.settings import Settings
from compute_agent.cmd import doctor as command
from compute_agent.resources.checks import Check

FINE = Check("kvm", "ok", "/dev/kvm can be used", "load the module")
SLOW = Check("disk", "warn", "9 GiB are free", "make room")
MISSING = Check("libvirt", "fail", "it does not run", "start libvirtd")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "toft.conf"
    file.write_text(f"[state]\npath = {tmp_path}\n")
    return file


def doctor(config: Path) -> Result:
    return CliRunner().invoke(command.doctor, ["--config", str(config)], env={"COLUMNS": "200"})


def test_a_machine_that_is_fit_is_0(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "checks", lambda chosen, in_use: [FINE, SLOW])
    result = doctor(config)
    assert result.exit_code == 0
    assert "make room" in result.output
    assert "/dev/kvm can be used" in result.output
    assert "load the module" not in result.output


def test_one_that_is_not_is_1(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "checks", lambda chosen, in_use: [FINE, MISSING])
    result = doctor(config)
    assert result.exit_code == 1
    assert "start libvirtd" in result.output


def test_the_port_may_be_in_use_while_toft_runs(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def checks(chosen: Settings, in_use: bool) -> list[Check]:
        asked.append(in_use)
        return [FINE]

    monkeypatch.setattr(command, "checks", checks)
    doctor(config)
    with folder.held(config.parent, "up"):
        doctor(config)
    assert asked == [False, True]
