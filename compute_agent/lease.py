"""Whether this host may speak: its epoch, until when, and the controller's time.

A lease counts on the monotonic clock from when the heartbeat was made that it answers, so that neither a slow answer
nor a changed wall clock makes it longer.
"""

from datetime import datetime, timedelta

from common.clock import Clock
from common.wire import Heartbeat, Lease, Welcome

REMEMBERED = 64
"""Heartbeats whose answer is still waited for; older ones are given up."""


class Standing:
    """This host's standing with the controller. ``epoch`` is None until it is welcomed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta()
        self._beat = self._answered = 0
        self._sent: dict[int, float] = {}
        self._until = 0.0
        self.epoch: int | None = None
        self.round_trip: float | None = None
        """Seconds from the newest answered heartbeat to its answer; None: none was answered."""

    def begin(self, welcome: Welcome, asked: float) -> None:
        """Begin to speak under the epoch of a welcome; ``asked`` is when its hello was made (monotonic seconds)."""
        self.epoch = welcome.epoch
        self._sent.clear()
        self._until = asked + welcome.lease_seconds
        self._learn(welcome.at)

    def end(self) -> None:
        """Fall silent until the next welcome."""
        self.epoch = None

    def beat(self, stuck: dict[str, str]) -> Heartbeat:
        """Make the next sign of life; ``stuck`` is what hangs on this host."""
        self._beat += 1
        self._sent[self._beat] = self._clock.monotonic()
        self._sent.pop(self._beat - REMEMBERED, None)
        return Heartbeat(beat=self._beat, answered=self._answered, stuck=stuck)

    def renew(self, lease: Lease) -> None:
        """Take the answer to a heartbeat."""
        sent = self._sent.get(lease.beat)
        if sent is None:
            return
        self._answered = max(self._answered, lease.beat)
        self.round_trip = self._clock.monotonic() - sent
        self._sent = {beat: at for beat, at in self._sent.items() if beat > lease.beat}
        self._until = max(self._until, sent + lease.lease_seconds)
        self._learn(lease.at)

    @property
    def lost(self) -> bool:
        """Say whether nothing was heard for a whole lease; at its very end others take it for ended too."""
        return self.epoch is not None and self._clock.monotonic() >= self._until

    def expired(self, at: datetime) -> bool:
        """Say whether ``at`` is past, by controller time."""
        return at < self._clock.now() + self._ahead

    def _learn(self, at: datetime) -> None:
        self._ahead = at - self._clock.now()
