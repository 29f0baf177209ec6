"""Processes by their ids, whoever's children they are."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab import places


class Command:
    """A program that is started by a command line, and again whenever ``start`` is called.

    :param argv: gives the command line, anew for each start.
    :param inside: whether the command line is nsenter's, so that the program is the child of what is started.
    """

    def __init__(self, name: str, argv: Callable[[], list[str]], inside: bool = False, **environment: str) -> None:
        self._name, self._argv, self._inside = name, argv, inside
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        """Start it and give its process's id.

        :raises RuntimeError: it ended at once; see its log.
        """
        self._forget()
        with (places.LOG / f"{self._name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._argv(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
        return self._child() if self._inside else self._process.pid

    def _forget(self) -> None:
        """Take leave of the process before: nsenter may hang where its child was stopped and then killed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _child(self) -> int:
        assert self._process is not None
        file = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        while self._process.poll() is None:
            if children := file.read_text().split():
                return int(children[0])
            time.sleep(0.01)
        raise RuntimeError(f"{self._name} did not start: {places.last_words(self._name)}")


@contextmanager
def away(name: str) -> Iterator[None]:
    """Keep a part of the lab away while inside."""
    held = places.held_file(name)
    held.touch()
    try:
        kill(places.pid(name))
        yield
    finally:
        held.unlink()


def wait_for_end(pid: int) -> None:
    """Wait until a process has ended; one that has already is no error."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            select.select([descriptor], [], [])
        finally:
            os.close(descriptor)


def kill(pid: int) -> None:
    """End a process at once; one that has ended already is no error."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
