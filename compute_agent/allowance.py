"""How often something may be done: so many times in any span of so many seconds."""

from collections import deque

from common.clock import Clock


class Allowance:
    """Counts what was done of late, on the monotonic clock."""

    def __init__(self, clock: Clock, number: int, seconds: float) -> None:
        self._clock, self._number, self._seconds = clock, number, seconds
        self._done: deque[float] = deque()

    def take(self) -> bool:
        """Do it once more, if that is allowed now."""
        if self.next_due() > self._clock.monotonic():
            return False
        self._done.append(self._clock.monotonic())
        return True

    def next_due(self) -> float:
        """Give the moment (monotonic seconds) from which on it is allowed again; past where it is allowed now."""
        now = self._clock.monotonic()
        while self._done and self._done[0] + self._seconds <= now:
            self._done.popleft()
        return now if len(self._done) < self._number else self._done[0] + self._seconds

    def __str__(self) -> str:
        """Write it for people: ``5 in 60 s``."""
        return f"{self._number} in {self._seconds:.0f} s"
