"""Runs operations side by side: each call goes to its lane, each result back into the operation.

Single-threaded: lanes make the calls elsewhere and their answers come in through ``answered``; pauses end in ``tick``.
"""

import contextvars
import heapq
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import msgspec

from common.clock import Clock
from compute_agent.operation import Call, Operation, Pause


class Outcome(NamedTuple):
    """How a call or an operation ended: with a value, or with an error."""

    value: Any = None
    error: Exception | None = None


class Lanes(Protocol):
    """Where calls are made: in each lane one at a time, in order."""

    def submit(self, lane: str, call: Call, token: int) -> None:
        """Make the call when its turn in the lane comes; its outcome is answered under ``token``."""
        ...

    def stuck(self) -> dict[str, str]:
        """Say of each lane with an abandoned call that has still not come back what it was."""
        ...


Done = Callable[[Outcome], None]


class Running(msgspec.Struct):
    """An operation under way, in the context (the request id of its logs) that it was begun in.

    ``busy``: a call in its own lane is being made. ``stopped``: it ends with that call.
    """

    lane: str
    operation: Operation[Any]
    done: Done
    context: contextvars.Context
    busy: bool = False
    stopped: Callable[[], None] | None = None


class Runner:
    """The operations of one agent. Tokens are never used twice in a process: late answers of old calls fall flat."""

    _tokens = itertools.count(1)

    def __init__(self, lanes: Lanes, clock: Clock) -> None:
        self._lanes, self._clock = lanes, clock
        self._running: dict[int, Running] = {}
        self._waiting: dict[int, int] = {}
        self._pauses: list[tuple[float, int]] = []

    def begin(self, lane: str, operation: Operation[Any], done: Done) -> int:
        """Begin an operation whose own lane is ``lane``; ``done`` hears how it ended. Gives its number."""
        number = next(self._tokens)
        self._running[number] = Running(lane, operation, done, contextvars.copy_context())
        self._advance(number, Outcome())
        return number

    def stop(self, number: int, after: Callable[[], None]) -> None:
        """End an operation before its next step, then call ``after``; its ``done`` is not called.

        A call under way in its own lane is waited for. One in a shared lane (an image's, a network's) is not: that
        lane keeps the order with whatever comes next.
        """
        running = self._running[number]
        if running.busy:
            running.stopped = after
        else:
            self._close(number)
            after()

    def answered(self, token: int, outcome: Outcome) -> None:
        """Take a call's outcome; one that nobody waits for any more is dropped."""
        number = self._waiting.pop(token, None)
        running = self._running.get(number) if number is not None else None
        if number is None or running is None:
            return
        running.busy = False
        if running.stopped is not None:
            self._close(number)
            running.stopped()
        else:
            self._advance(number, outcome)

    def tick(self) -> None:
        """Go on with operations whose pause is over."""
        while self._pauses and self._pauses[0][0] <= self._clock.monotonic():
            number = heapq.heappop(self._pauses)[1]
            if number in self._running:
                self._advance(number, Outcome())

    def next_due(self) -> float | None:
        """Give the moment (monotonic seconds) at which the next pause ends."""
        return self._pauses[0][0] if self._pauses else None

    def _advance(self, number: int, outcome: Outcome) -> None:
        running = self._running[number]
        running.context.run(self._step, number, running, outcome)

    def _step(self, number: int, running: Running, outcome: Outcome) -> None:
        try:
            if outcome.error is not None:
                wish = running.operation.throw(outcome.error)
            else:
                wish = running.operation.send(outcome.value)
        except StopIteration as end:
            self._end(number, Outcome(end.value))
        except Exception as error:  # whatever a driver raises ends this operation, never the agent
            self._end(number, Outcome(error=error))
        else:
            self._wish(number, running, wish)

    def _wish(self, number: int, running: Running, wish: Call | Pause) -> None:
        if isinstance(wish, Pause):
            heapq.heappush(self._pauses, (self._clock.monotonic() + wish.seconds, number))
            return
        token = next(self._tokens)
        self._waiting[token] = number
        running.busy = wish.lane in ("", running.lane)
        self._lanes.submit(wish.lane or running.lane, wish, token)

    def _close(self, number: int) -> None:
        self._running.pop(number).operation.close()
        self._waiting = {token: waiting for token, waiting in self._waiting.items() if waiting != number}

    def _end(self, number: int, outcome: Outcome) -> None:
        self._running.pop(number).done(outcome)
