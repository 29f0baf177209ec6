"""How often guests crashed of late: kept in the journal, for an agent that restarts must not begin to count anew."""

import msgspec

from common.clock import Clock
from compute_agent.journal import Journal

FACT = "crashes"

_Times = dict[str, list[float]]
"""Server -> when it crashed and was started again, in seconds of the wall clock: it goes on over the host's restart."""


class GuestCrashes:
    """Lets each guest be started again so many times within so many seconds."""

    def __init__(self, journal: Journal, clock: Clock, number: int, seconds: float) -> None:
        self._journal, self._clock, self._number, self._seconds = journal, clock, number, seconds

    def forgiven(self, server: str) -> bool:
        """Count a crash, and say that the guest may be started again; False, and not counted, where it may not."""
        now = self._clock.now().timestamp()
        recent = self._recent(now)
        times = recent.setdefault(server, [])
        if len(times) >= self._number:
            return False
        times.append(now)
        self._journal.remember(FACT, msgspec.json.encode(recent).decode())
        return True

    def _recent(self, now: float) -> _Times:
        known = msgspec.json.decode(self._journal.fact(FACT) or "{}", type=_Times)
        # a clock that was set back must not make old crashes last for ever
        near = {server: [at for at in times if abs(now - at) < self._seconds] for server, times in known.items()}
        return {server: times for server, times in near.items() if times}

    def __str__(self) -> str:
        """Write it for people: ``3 in 600 s``."""
        return f"{self._number} in {self._seconds:.0f} s"
