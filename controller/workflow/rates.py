"""How much each host may say: a bucket of messages that fills with time."""

from common.clock import Clock

HOSTS = 65536
"""Buckets that are kept; when there are more, full ones are forgotten, which changes nothing."""

PIECE = 4096
"""Bytes of a message that count as one more: few large ones are as much work as many small ones."""


class Rates:
    """One bucket a host. ``loud`` are the hosts that found theirs empty since it was last asked."""

    def __init__(self, clock: Clock, rate: float, burst: int) -> None:
        self._clock, self._rate, self._burst = clock, rate, float(burst)
        self._left: dict[str, tuple[float, float]] = {}
        self._loud: set[str] = set()

    def takes(self, host: str, size: int = 0) -> bool:
        """Say whether one more message of a host may be read, and count it: one of ``size`` bytes as several."""
        cost = 1 + size // PIECE
        now = self._clock.monotonic()
        left, since = self._left.get(host, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        if left < cost:
            self._left[host] = (left, now)
            self._loud.add(host)
            return False
        self._left[host] = (left - cost, now)
        if len(self._left) > HOSTS:
            self._forget(now)
        return True

    def loud(self) -> set[str]:
        """Give the hosts that said too much, once."""
        loud, self._loud = self._loud, set()
        return loud

    def _forget(self, now: float) -> None:
        left = self._left.items()
        self._left = {host: (n, at) for host, (n, at) in left if n + (now - at) * self._rate < self._burst}
