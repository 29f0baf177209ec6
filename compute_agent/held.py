"""Calls that wait for the journal: what follows from a write is done only when that is on disk."""

import contextvars
from collections.abc import Callable
from functools import partial

from compute_agent.operation import Call
from compute_agent.runner import Lanes


class HeldLanes:
    """Lanes that begin no call before ``release``. Used by one thread."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._held: list[Callable[[], None]] = []

    def submit(self, lane: str, call: Call, token: int) -> None:
        """Keep a call, with the context that it was asked for in."""
        self._held.append(partial(contextvars.copy_context().run, self._lanes.submit, lane, call, token))

    def stuck(self) -> dict[str, str]:
        """Say of each lane with an abandoned call that has still not come back what it was."""
        return self._lanes.stuck()

    def release(self) -> None:
        """Begin all calls that were kept, in their order."""
        held, self._held = self._held, []
        for submit in held:
            submit()

    def drop(self) -> None:
        """Forget all calls that were kept: what they followed from was not written."""
        self._held.clear()
