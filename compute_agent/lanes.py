"""Lanes: in each one call at a time, in order; many lanes side by side in a few threads; each call under a deadline.

A thread in a hung library call cannot be killed. So such a call is abandoned: its operation hears DeadlineExceeded, its
lane goes on, another thread takes its thread's place, and the lane is ``stuck`` until the call comes back after all.
Lanes of a kind (what stands before the colon) share a pool: long fetches of images and questions that hang take no
thread from the work on servers.
"""

import contextvars
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from common import errors
from common.clock import Clock
from compute_agent.operation import Call
from compute_agent.runner import Outcome

LOG = logging.getLogger(__name__)

Deliver = Callable[[int, Outcome], None]
"""Takes a token and its outcome, from any thread."""

OTHERS = ""
"""Name of the pool for lanes whose kind has none of its own."""


class Job(NamedTuple):
    """A call that waits for its turn, or is being made since ``begun`` (monotonic seconds)."""

    lane: str
    call: Call
    token: int
    context: contextvars.Context
    begun: float = 0.0


class WorkerLanes:
    """Lanes over pools of threads.

    :param pools: kind of lane -> threads; ``OTHERS`` must be among them.
    """

    def __init__(self, deliver: Deliver, clock: Clock, pools: Mapping[str, int]) -> None:
        self._deliver, self._clock, self._pools = deliver, clock, dict(pools)
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Job]] = {}
        self._ready: dict[str, deque[str]] = {pool: deque() for pool in pools}
        self._idle: Counter[str] = Counter()
        self._threads: Counter[str] = Counter()
        self._made: dict[int, Job] = {}
        self._abandoned: dict[int, Job] = {}
        self._closed = False

    def submit(self, lane: str, call: Call, token: int) -> None:
        """Make the call when its turn in the lane comes; its outcome is delivered under ``token``."""
        job = Job(lane, call, token, contextvars.copy_context())
        with self._changed:
            queue = self._waiting.get(lane)
            if queue is not None:
                queue.append(job)
                return
            self._waiting[lane] = deque([job])
            self._offer(lane)

    def stuck(self) -> dict[str, str]:
        """Say of each lane with an abandoned call that has still not come back what it was."""
        with self._changed:
            jobs = list(self._abandoned.values())
        return {job.lane: f"{job.call.name} has not come back for {job.call.deadline:.0f} s" for job in jobs}

    def sweep(self) -> None:
        """Abandon calls that are past their deadline. To be called every second or so."""
        now = self._clock.monotonic()
        with self._changed:
            late = [job for job in self._made.values() if now - job.begun > job.call.deadline]
            for job in late:
                self._abandoned[job.token] = self._made.pop(job.token)
                self._threads[self._pool(job.lane)] -= 1
                self._turn_over(job.lane)
        for job in late:
            LOG.error("%s in lane %s is abandoned after %.0f s", job.call.name, job.lane, job.call.deadline)
            error = errors.DeadlineExceeded(f"{job.call.name} did not come back within {job.call.deadline:.0f} s")
            self._deliver(job.token, Outcome(error=error))

    def close(self) -> None:
        """Begin no more calls; those under way end in their own time, and nobody hears of them."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _pool(self, lane: str) -> str:
        kind = lane.partition(":")[0]
        return kind if kind in self._pools else OTHERS

    def _offer(self, lane: str) -> None:
        """Put a lane whose turn it is before its pool's threads; makes one more where all are busy."""
        pool = self._pool(lane)
        self._ready[pool].append(lane)
        if self._idle[pool] < len(self._ready[pool]) and self._threads[pool] < self._pools[pool]:
            self._threads[pool] += 1
            threading.Thread(target=self._work, args=(pool,), name=f"lane-{pool or 'work'}", daemon=True).start()
        self._changed.notify_all()

    def _turn_over(self, lane: str) -> None:
        """End a lane's turn: its next call waits behind the other lanes."""
        queue = self._waiting.get(lane)
        if queue:
            self._offer(lane)
        else:
            self._waiting.pop(lane, None)

    def _work(self, pool: str) -> None:
        while (job := self._next(pool)) is not None:
            outcome = job.context.run(_made, job.call)
            with self._changed:
                abandoned = self._abandoned.pop(job.token, None) is not None
                if not abandoned:
                    del self._made[job.token]
                    self._turn_over(job.lane)
            if abandoned:
                LOG.warning("%s in lane %s, which was abandoned, came back", job.call.name, job.lane)
                return
            if not self._closed:
                self._deliver(job.token, outcome)

    def _next(self, pool: str) -> Job | None:
        with self._changed:
            while not self._ready[pool] and not self._closed:
                self._idle[pool] += 1
                self._changed.wait()
                self._idle[pool] -= 1
            if self._closed:
                return None
            job = self._waiting[self._ready[pool].popleft()].popleft()
            self._made[job.token] = job._replace(begun=self._clock.monotonic())
            return job


def _made(call: Call) -> Outcome:
    try:
        return Outcome(call.make())
    except Exception as error:  # it belongs to the operation that asked for the call
        return Outcome(error=error)
