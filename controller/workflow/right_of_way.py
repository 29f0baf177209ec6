"""The right of way: what clients wait for goes first; what goes on behind their backs gives way to it, for a moment."""

from collections.abc import Callable

from common.clock import Clock

QUIET_SECONDS = 0.03
"""Seconds after which nobody is taken to be in a hurry. Clients whose changes share a commit come again together: the
pause between two such waves must not look like quiet."""

LONGEST_SECONDS = 0.1
"""Seconds that a turn gives way at most. It then takes all that has gathered, so no flood of requests stops the
workflows: they go on in fewer and larger batches."""


class RightOfWay:
    """Changes that clients hand over have it where they crowd; a lone one holds nobody up. Any thread may call this.

    :param pause: waits so many seconds.
    """

    def __init__(self, clock: Clock, pause: Callable[[float], object]) -> None:
        self._clock, self._pause = clock, pause
        self._alone_at = self._quiet_at = clock.monotonic()

    def claim(self) -> None:
        """Say that a client hands over a change, and waits for its answer."""
        now = self._clock.monotonic()
        if now < self._alone_at:
            self._quiet_at = now + QUIET_SECONDS
        self._alone_at = now + QUIET_SECONDS

    def give(self) -> None:
        """Return when no clients crowd any more, or after the longest time that a turn may be held up."""
        end = self._clock.monotonic() + LONGEST_SECONDS
        while (left := min(self._quiet_at, end) - self._clock.monotonic()) > 0:
            self._pause(left)
