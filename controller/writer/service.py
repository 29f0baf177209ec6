"""The thread in which the writer takes its turns."""

from collections.abc import Callable
from typing import TypeVar

from common import errors
from common.loop import Loop
from controller.writer.contract import Change, Key
from controller.writer.group import GroupWriter

R = TypeVar("R")


def _ignore() -> None:
    return None


class WriterService:
    """The ``Writer`` that handlers get: many threads submit, one writes.

    :param patience: seconds that a submitter waits before it is told to try again.
    :param offered: called for each change, before it waits to be written.
    """

    def __init__(self, writer: GroupWriter, patience: float = 60.0, offered: Callable[[], None] = _ignore) -> None:
        self._writer, self._patience, self._offered = writer, patience, offered
        self._loop = Loop("writer", writer.turn)

    def start(self) -> None:
        """Begin to write."""
        self._loop.start()

    def stop(self) -> None:
        """Finish the turn that is under way, and refuse what waits."""
        self._loop.stop()
        self._loop.join()
        self._writer.close()

    def submit(self, change: Change[R], key: Key | None = None) -> R:
        """Hand over a change; see ``Writer``."""
        self._offered()
        future = self._writer.offer(change, key)
        self._loop.wake()
        try:
            return future.result(self._patience)
        except TimeoutError as error:
            future.cancel()
            raise errors.Unavailable("the change was not written in time; with the same key, try again") from error
