"""Hearing: whether hosts can be heard at all. While the broker is away, and a while after, silence says nothing."""

from common.clock import Clock

GRACE = 45.0
"""Seconds that hosts may take to come back to a broker that is back."""


class Hearing:
    """What this controller knows of its own ears."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lost: float | None = None

    def lose(self) -> None:
        """Note that the broker is away."""
        self._lost = self._clock.monotonic()

    def deaf(self) -> bool:
        """Say whether hosts may be there that are not heard."""
        return self._lost is not None and self._clock.monotonic() - self._lost < GRACE
