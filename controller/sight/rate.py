"""How fast something grows, between one look and the next."""

from collections.abc import Callable

from common.clock import Clock


class Rate:
    """Gives what was added a second since it was last asked.

    :param total: gives a number that never falls.
    """

    def __init__(self, total: Callable[[], float], clock: Clock) -> None:
        self._total, self._clock = total, clock
        self._before, self._at = total(), clock.monotonic()

    def per_second(self) -> float:
        """Give the rate since the last call; 0 where no time has passed."""
        total, now = self._total(), self._clock.monotonic()
        added, seconds = total - self._before, now - self._at
        self._before, self._at = total, now
        return added / seconds if seconds > 0 else 0.0
