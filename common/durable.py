"""Files that are there whole or not at all, whatever ends the process or the machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""What is added to the name of a file that is being written."""


@contextmanager
def written_whole(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Write a file under another name; it gets its own once it is on the disk, and is removed if anything fails.

    The caller sees to it that no two write one file at once.

    :param mode: who may read it, whatever the umask.
    :raises OSError: it cannot be written.
    """
    part = path.with_name(path.name + PART)
    part.unlink(missing_ok=True)  # left by a process that was killed, perhaps with another mode
    try:
        part.touch(mode=0o600, exist_ok=False)
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
        put_in_place(part, path)
    finally:
        part.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Give a finished file its own name, once its content is on the disk: after a power cut it is whole or not there.

    :raises OSError: it cannot be written.
    """
    _sync(part)
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make what was renamed in a folder last."""
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
