"""Where an API thread waits for the answer to its query, whichever controller writes it."""

import threading

from common import errors, wire
from common.clock import Clock
from controller.db import queries
from controller.db.engine import Store

POLL_SECONDS = 0.1


class Answers:
    """Answers to queries: looked for when this process wrote some, and every 100 ms for those that others wrote."""

    def __init__(self, store: Store, clock: Clock, poll: float = POLL_SECONDS) -> None:
        self._store, self._clock, self._poll = store, clock, poll
        self._written = threading.Condition()

    def wake(self) -> None:
        """Say that answers were written."""
        with self._written:
            self._written.notify_all()

    def wait(self, query: str, timeout: float) -> wire.Answer:
        """Wait up to ``timeout`` seconds for the answer.

        :raises Unavailable: none came.
        """
        end = self._clock.monotonic() + timeout
        while True:
            with self._store.read() as tx:  # not under the lock: a slow database must not hold up who wakes
                answer = queries.answered(tx, query)
            if answer is not None:
                return answer
            left = end - self._clock.monotonic()
            if left <= 0:
                raise errors.Unavailable("the server's host did not answer in time; try again")
            with self._written:
                self._written.wait(min(left, self._poll))
