"""Starting before what is needed is there: wait, say so, and go on when it comes."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from common import errors
from common.clock import Clock

LOG = logging.getLogger(__name__)
T = TypeVar("T")

AGAIN_SECONDS = 1.0
SAID_SECONDS = 60.0


class Said:
    """Keeps what lasts from being said at each try: once, and then once a minute."""

    def __init__(self, clock: Clock, every: float = SAID_SECONDS) -> None:
        self._clock, self._every = clock, every
        self._last: float | None = None

    def is_due(self) -> bool:
        """Say whether it is time to say it; if so, it counts as said."""
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < self._every:
            return False
        self._last = now
        return True

    def over(self) -> bool:
        """Note that it lasts no longer; says whether it was said at all."""
        was, self._last = self._last is not None, None
        return was


def patiently(begin: Callable[[], T], ended: threading.Event, clock: Clock, again: float = AGAIN_SECONDS) -> T | None:
    """Call ``begin`` until what it needs is there, and give its result; None: the process was told to end meanwhile.

    :param again: seconds between tries.
    """
    said = Said(clock)
    while not ended.is_set():
        try:
            return begin()
        except errors.Unavailable as error:
            if said.is_due():
                LOG.warning("waiting to start: %s", error.message)
            ended.wait(again)
    return None
