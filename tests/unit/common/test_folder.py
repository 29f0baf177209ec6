"""The state folder: passable, and held by one process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common import errors
from common.folder import held, holder, prepare

HOLD = """
import sys
from pathlib import Path
from common.folder import held
with held(Path(sys.argv[1]), "up"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_it_is_made_passable_but_not_listed(tmp_path: Path) -> None:
    made = prepare(str(tmp_path / "deep" / "state"))
    assert made.stat().st_mode & 0o777 == 0o711
    made.chmod(0o700)
    assert prepare(str(made)).stat().st_mode & 0o777 == 0o711


def test_a_place_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(errors.SettingsError, match=r"cannot be used: .*; choose another"):
        prepare(str(tmp_path / "file" / "state"))


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    assert holder(tmp_path, "up") is None
    with held(tmp_path, "up"):
        assert holder(tmp_path, "up") == os.getpid()
        assert holder(tmp_path, "agent") is None
        with pytest.raises(errors.Conflict, match=f"process {os.getpid()}; stop that one"), held(tmp_path, "up"):
            pytest.fail("two hold it")
        assert holder(tmp_path, "up") == os.getpid()
    assert holder(tmp_path, "up") is None
    assert (tmp_path / "up.pid").read_text() == ""


def test_a_holder_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert holder(tmp_path, "up") == other.pid
        other.kill()
    assert (tmp_path / "up.pid").read_text() == str(other.pid)
    assert holder(tmp_path, "up") is None
    with held(tmp_path, "up"):
        assert holder(tmp_path, "up") == os.getpid()
