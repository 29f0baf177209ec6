"""The ``toft`` command: it imports only what is called, and every error of ours is one line."""

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint

import click
import pytest
from click.testing import CliRunner

from common import cmd, errors


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have these commands installed, and no others; one that is an error cannot be imported."""

    def put(**commands: Callable[[], None] | Exception) -> None:
        def entry_points(group: str, name: str | None = None) -> list[EntryPoint]:
            assert group == "toft.commands"
            return [EntryPoint(each, f"it:{each}", group) for each in commands if name in (None, each)]

        def load(point: EntryPoint) -> click.Command:
            found = commands[point.name]
            if isinstance(found, Exception):
                raise found
            return click.command(point.name)(found)

        monkeypatch.setattr(cmd, "entry_points", entry_points)
        monkeypatch.setattr(EntryPoint, "load", load)

    return put


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str]]:
    """Call ``toft`` as a shell would; gives the exit status and what went to standard error."""

    def toft(*words: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["toft", *words])
        with pytest.raises(SystemExit) as ended:
            cmd.main()
        return ended.value.code, capsys.readouterr().err

    return toft


def test_the_help_names_every_command_that_is_installed() -> None:
    said = CliRunner().invoke(cmd.toft, ["-h"]).output
    for name in ("agent", "controller", "db", "doctor", "down", "first", "up"):
        assert f"\n  {name} " in said


def test_a_command_that_ends_well_is_0(install: Callable[..., None], call: Callable[..., tuple[object, str]]) -> None:
    install(good=lambda: None)
    assert call("good") == (0, "")


def test_our_own_error_is_one_line(install: Callable[..., None], call: Callable[..., tuple[object, str]]) -> None:
    def bad() -> None:
        raise errors.SettingsError("[api] port is 0; choose another")

    install(bad=bad)
    assert call("bad") == (1, "toft: [api] port is 0; choose another\n")


def test_an_unknown_command_is_said_to_be_unknown(
    install: Callable[..., None], call: Callable[..., tuple[object, str]]
) -> None:
    install(good=lambda: None)
    status, said = call("fly")
    assert status == 2
    assert "No such command 'fly'" in said


def test_a_command_without_its_packages_says_what_to_install(
    install: Callable[..., None], call: Callable[..., tuple[object, str]]
) -> None:
    install(lame=ModuleNotFoundError("No module named 'falcon'", name="falcon"), good=lambda: None)
    assert call("lame", "--port", "1") == (1, "Error: toft lame needs the package falcon: pip install 'toft[all]'\n")
    assert call("good") == (0, "")
    said = CliRunner().invoke(cmd.toft, ["--help"]).output
    assert "lame  (needs the package falcon: " in said
    assert "good" in said


def test_ctrl_c_is_130(install: Callable[..., None], call: Callable[..., tuple[object, str]]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    install(interrupted=interrupted)
    status, _said = call("interrupted")
    assert status == 130
