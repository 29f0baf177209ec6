"""Time as an argument: nothing in the core reads the wall clock."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic seconds for deadlines and leases."""

    def now(self) -> datetime:
        """Give the wall time, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never go back; the origin means nothing."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Give the wall time, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds since some moment before this process."""
        return time.monotonic()


class ManualClock:
    """A clock that moves when told to: for tests, the simulator and replays."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._seconds = 0.0

    def now(self) -> datetime:
        """Give the start moved by what was advanced."""
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """Give the seconds advanced so far."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self._seconds += seconds


def wire_time(at: datetime) -> str:
    """Write a time as OpenStack's clients read it: UTC, whole seconds, a Z at the end."""
    return f"{(at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat()[:19]}Z"
