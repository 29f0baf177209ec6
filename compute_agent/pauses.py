"""Pauses before a broken connection is tried again: short at first, and not in step with other hosts."""

import random
import threading

from common.backoff import backoff

FIRST_SECONDS, LONGEST_SECONDS = 0.25, 3.0
"""A host that is new has no queue yet when it looks first, and has one in a moment."""


class Pauses:
    """Counts failures in a row. ``ended`` cuts a pause short."""

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended
        self._failures = 0

    def over(self) -> None:
        """Note that it works."""
        self._failures = 0

    def rest(self) -> None:
        """Note a failure, and wait."""
        self._failures += 1
        longest = backoff(self._failures, LONGEST_SECONDS, FIRST_SECONDS)
        self._ended.wait(random.uniform(longest / 2, longest))  # noqa: S311
