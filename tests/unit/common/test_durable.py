"""What is written is there whole, or not at all."""

import contextlib
import os
from pathlib import Path

import pytest

from common.durable import sync_folder, written_whole


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_takes_its_place_with_its_mode(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with written_whole(file, mode) as new:
        new.write(b"new")
        assert file.read_bytes() == b"old"
        assert Path(new.name).stat().st_mode & 0o777 == 0o600
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", mode)
    assert list(tmp_path.iterdir()) == [file]


def test_a_failure_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with contextlib.suppress(KeyError), written_whole(file) as new:
        new.write(b"half")
        raise KeyError
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_killed_process_left_is_not_written_into(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"another's")
    (tmp_path / "file.part").symlink_to(elsewhere)
    with written_whole(tmp_path / "file") as new:
        new.write(b"new")
    assert (elsewhere.read_bytes(), (tmp_path / "file").read_bytes()) == (b"another's", b"new")


def test_content_name_and_folder_are_synced_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, synced = tmp_path / "file", []

    def sync(handle: int) -> None:
        synced.append((Path(f"/proc/self/fd/{handle}").readlink(), file.exists()))

    monkeypatch.setattr(os, "fsync", sync)
    with written_whole(file) as new:
        new.write(b"new")
    assert synced == [(tmp_path / "file.part", False), (tmp_path, True)]


def test_a_folder_that_is_not_there_cannot_be_synced(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "nothing")
