"""A thread that takes turns: the shell around cores that have none."""

import logging
import random
import threading
from collections.abc import Callable

from common import errors
from common.backoff import backoff
from common.clock import SystemClock
from common.patience import Said

LOG = logging.getLogger(__name__)
LONGEST_BACKOFF = 10.0


class Loop:
    """Calls ``turn`` again and again: at once while it has work, else when woken or after ``poll`` seconds.

    A turn that fails is logged and tried again after a growing, jittered pause: what it left undone is still there.
    """

    def __init__(self, name: str, turn: Callable[[], object], poll: float = 1.0) -> None:
        self.name, self._turn, self._poll = name, turn, poll
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to take turns."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is work: the next turn comes at once."""
        self._woken.set()

    def stop(self) -> None:
        """Ask for the end, after the turn that is under way."""
        self._stopping.set()
        self._woken.set()

    def join(self, timeout: float = 10.0) -> None:
        """Wait for the end."""
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        failures, said = 0, Said(SystemClock())
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                busy = self._turn()
                failures = 0
                if said.over():
                    LOG.info("%s goes on", self.name)
            except errors.Unavailable as error:
                failures += 1
                if said.is_due():
                    LOG.warning("%s waits: %s", self.name, error.message)
            except Exception:
                failures += 1
                LOG.exception("a turn of %s failed", self.name)
            if failures:
                pause = backoff(failures, LONGEST_BACKOFF, first=0.2) * random.uniform(0.5, 1.0)  # noqa: S311
                self._stopping.wait(pause)
            elif not busy:
                self._woken.wait(self._poll)
