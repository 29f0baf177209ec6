"""The state folder: made passable for the QEMU user, held by one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common import errors


def prepare(path: str) -> Path:
    """Make the folder (0711: others may pass through it, not list it) and give it.

    :raises SettingsError: it cannot be made or written.
    """
    folder = Path(path)
    try:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        folder.chmod(0o711)
    except OSError as error:
        raise errors.SettingsError(f"[state] path {path} cannot be used: {error.strerror}; choose another") from error
    return folder


@contextmanager
def held(folder: Path, name: str) -> Iterator[None]:
    """Hold ``<folder>/<name>.pid`` while inside: it names this process, and a second one is refused.

    :raises Conflict: another process holds it; names its id.
    """
    with os.fdopen(os.open(folder / f"{name}.pid", os.O_RDWR | os.O_CREAT, 0o644), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = file.read().strip()
            raise errors.Conflict(
                f"toft {name} already runs on {folder} as process {other}; stop that one first"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.seek(0)
            file.truncate(0)


def holder(folder: Path, name: str) -> int | None:
    """Give the id of the process that holds ``<folder>/<name>.pid``, or None."""
    try:
        with (folder / f"{name}.pid").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read().strip() or 0) or None
    except OSError:
        pass
    return None
