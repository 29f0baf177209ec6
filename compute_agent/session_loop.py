"""The agent's loop: all that its session does, in one thread, and many things to do in one write to the journal.

The agent is crash-only: an error that the core did not foresee ends its session, and a new one goes on from the
journal, as after a kill.
"""

import contextlib
import logging
import queue
import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from common.clock import Clock
from compute_agent.driver.contract import DomainEvent, Sink
from compute_agent.held import HeldLanes
from compute_agent.journal import Journal
from compute_agent.runner import Outcome
from compute_agent.session import Session

LOG = logging.getLogger(__name__)

TOGETHER = 64
"""Things to do that share one write to the journal: under load, most of an agent's time is the disk's."""

SWEEP_SECONDS = 1.0
"""The loop's longest rest: abandoned calls are noticed at least so often."""

MakeSession = Callable[[Sink, bool], Session]
"""Makes a session; it is told where guests' events go, and whether the driver was connected by an earlier one."""


class _Taken(NamedTuple):
    """Commands that were taken, and the places of those refused; told once all that is on disk."""

    answer: Future[list[int]]
    refused: list[int]


class SessionLoop:
    """Owns the session: other threads ``put`` things for it to do.

    :param held: the session's lanes. They get what it asks for only after the write that this follows from.
    """

    def __init__(self, make: MakeSession, journal: Journal, held: HeldLanes, clock: Clock) -> None:
        self._make, self._journal, self._held, self._clock = make, journal, held, clock
        self._todo: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._taken: list[_Taken] = []
        self.session = make(self._heard, False)

    def put(self, action: Callable[[], object]) -> None:
        """Have something done; returns at once."""
        self._todo.put(action)

    def take(self, bodies: Sequence[bytes]) -> Future[list[int]]:
        """Have commands taken (``Session.take``); the answer comes when they are on disk, or is why they are not."""
        answer: Future[list[int]] = Future()

        def take() -> None:
            refused: list[int] = []
            self._taken.append(_Taken(answer, refused))
            refused += self.session.take(bodies)

        self.put(take)
        return answer

    def answered(self, token: int, outcome: Outcome) -> None:
        """Have a call's outcome taken."""
        self.put(lambda: self.session.answered(token, outcome))

    def stop(self) -> None:
        """End ``run``, after what is being done."""
        self._stopping.set()
        self.put(lambda: None)

    def run(self, sweep: Callable[[], object], offer: Callable[[], object]) -> None:
        """Do what is put, and what is due, until stopped.

        :param sweep: called after each turn, and every second or so; not a part of its write.
        :param offer: called after that, in a write of its own.
        """
        self._together([self.session.start])
        while not self._stopping.is_set():
            rest = min(SWEEP_SECONDS, max(0.0, self.session.next_due() - self._clock.monotonic()))
            self._together([*self._things_to_do(rest), lambda: self.session.tick()])
            sweep()
            self._together([offer])

    def _heard(self, event: DomainEvent) -> None:
        self.put(lambda: self.session.domain_event(event))

    def _things_to_do(self, rest: float) -> list[Callable[[], object]]:
        """Wait ``rest`` seconds for something to do; give all that there is then."""
        actions = []
        with contextlib.suppress(queue.Empty):
            actions.append(self._todo.get(timeout=rest))
            while len(actions) < TOGETHER:
                actions.append(self._todo.get_nowait())
        return actions

    def _together(self, actions: Iterable[Callable[[], object]]) -> None:
        """Do all of this in one write to the journal. What it asks of the lanes, and its acks, come after that."""
        left = deque(actions)
        try:
            with self._journal.together():
                while left:
                    left.popleft()()
        except Exception as error:
            LOG.exception("the agent's session broke; a new one goes on from the journal")
            self._begin_anew(error)
        self._held.release()
        self._tell_takers(None)
        if left:  # what came after the one that broke is the new session's
            self._together(left)

    def _begin_anew(self, error: Exception) -> None:
        self._held.drop()
        self._tell_takers(error)
        self._heal(error)
        self._stopping.wait(random.uniform(0.5, 1.5))  # noqa: S311
        self.session = self._make(self._heard, self.session.connected)
        self.session.start()

    def _tell_takers(self, error: Exception | None) -> None:
        """Answer those who wait for commands to be journalled."""
        taken, self._taken = self._taken, []
        for answer, refused in taken:
            if error is None:
                answer.set_result(refused)
            else:
                answer.set_exception(error)

    def _heal(self, error: Exception) -> None:
        try:
            self._journal.heal(error)
        except Exception:  # a full disk, perhaps: the next session breaks on the old file, and it is tried again
            LOG.exception("no new journal could be begun")
