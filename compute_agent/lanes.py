"""Lanes: in each one call at a time, in order; many lanes side by side in a few threads; each call under a deadline.

A thread in a hung library call cannot be killed. So such a call is abandoned: its operation hears DeadlineExceeded, its
lane goes on, and the lane is ``stuck`` until the call comes back after all. Well before that, a call that takes long
gives up its place: another thread goes on with the other lanes. So a few guests that hang stop no other.

Lanes of a kind (what stands before the colon) share a pool: long fetches of images and questions that hang take no
thread from the work on servers. A pool never has more than ``SPARE`` threads above its size. Where so many hang, what
would need another is refused at once: libvirtd makes 20 calls at a time for all its clients, and more threads would
only wait in it.
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

SLOW_SECONDS = 5.0
"""After so long a call counts as one that may hang: it gives up its place."""

PATIENT_SECONDS = 120.0
"""A call with a longer deadline is expected to take long (fetching an image): it keeps its place."""

SPARE = 12
"""Threads that a pool may have beside its size, in the places of those whose calls may hang."""

OTHERS = ""
"""Name of the pool for lanes whose kind has none of its own."""


class Job(NamedTuple):
    """A call that waits for its turn, or is being made since ``begun`` (monotonic seconds).

    ``slow``: another thread has its thread's place in the pool.
    """

    lane: str
    call: Call
    token: int
    context: contextvars.Context
    begun: float = 0.0
    slow: bool = False


class WorkerLanes:
    """Lanes over pools of threads.

    :param pools: kind of lane -> threads; ``OTHERS`` must be among them.
    :param instant: no call ever waits for anything: each is made where it is submitted, and no thread is needed.
    """

    def __init__(self, deliver: Deliver, clock: Clock, pools: Mapping[str, int], *, instant: bool = False) -> None:
        self._deliver, self._clock, self._pools, self._instant = deliver, clock, dict(pools), instant
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Job]] = {}
        self._ready: dict[str, deque[str]] = {pool: deque() for pool in pools}
        self._idle: Counter[str] = Counter()
        self._threads: Counter[str] = Counter()
        self._slow: Counter[str] = Counter()
        self._made: dict[int, Job] = {}
        self._abandoned: dict[int, Job] = {}
        self._closed = False

    def submit(self, lane: str, call: Call, token: int) -> None:
        """Make the call when its turn in the lane comes; its outcome is delivered under ``token``."""
        if self._instant:
            self._deliver(token, _made(call))
            return
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
        """Abandon calls that are past their deadline, replace those that are slow. To be called every second or so."""
        now = self._clock.monotonic()
        with self._changed:
            for job in [job for job in self._made.values() if _seems_to_hang(job, now)]:
                self._replace(job)
            late = [job for job in self._made.values() if now - job.begun > job.call.deadline]
            for job in late:
                self._abandoned[job.token] = self._made.pop(job.token)
                self._turn_over(job.lane)
            refused = [job for pool in self._pools if self._exhausted(pool) for job in self._withdraw(pool)]
        for job in late:
            LOG.error("%s in lane %s is abandoned after %.0f s", job.call.name, job.lane, job.call.deadline)
            error = errors.DeadlineExceeded(f"{job.call.name} did not come back within {job.call.deadline:.0f} s")
            self._deliver(job.token, Outcome(error=error))
        for job in refused:
            refusal = errors.HypervisorError(f"{job.call.name} is not tried: too many calls on this host hang")
            self._deliver(job.token, Outcome(error=refusal))

    def _replace(self, job: Job) -> None:
        """Give a slow call's place to another thread, unless the pool has as many as it may already."""
        pool = self._pool(job.lane)
        if self._slow[pool] < SPARE:
            self._made[job.token] = job._replace(slow=True)
            self._slow[pool] += 1
            self._staff(pool)

    def _exhausted(self, pool: str) -> bool:
        """Say whether every thread that a pool may have is in a call that was abandoned."""
        hanging = sum(self._pool(job.lane) == pool for job in self._abandoned.values())
        return hanging >= self._pools[pool] + SPARE

    def _withdraw(self, pool: str) -> list[Job]:
        """Take all that waits in a pool out of it."""
        lanes = [lane for lane in self._waiting if self._pool(lane) == pool and lane in self._ready[pool]]
        self._ready[pool].clear()
        return [job for lane in lanes for job in self._waiting.pop(lane)]

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
        self._staff(pool)
        self._changed.notify_all()

    def _staff(self, pool: str) -> None:
        """Make one more thread where some lane waits for one and there is a place."""
        if self._idle[pool] < len(self._ready[pool]) and self._threads[pool] < self._pools[pool] + self._slow[pool]:
            self._threads[pool] += 1
            threading.Thread(target=self._work, args=(pool,), name=f"lane-{pool or 'work'}", daemon=True).start()

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
                abandoned = self._abandoned.pop(job.token, None)
                done = abandoned or self._made.pop(job.token)
                if done.slow:  # its place was given to another
                    self._threads[pool] -= 1
                    self._slow[pool] -= 1
                if not abandoned:
                    self._turn_over(job.lane)
            if abandoned:
                LOG.warning("%s in lane %s, which was abandoned, came back", job.call.name, job.lane)
            elif not self._closed:
                self._deliver(job.token, outcome)
            if done.slow:
                return

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


def _seems_to_hang(job: Job, now: float) -> bool:
    return not job.slow and job.call.deadline <= PATIENT_SECONDS and now - job.begun > SLOW_SECONDS


def _made(call: Call) -> Outcome:
    try:
        return Outcome(call.make())
    except Exception as error:  # it belongs to the operation that asked for the call
        return Outcome(error=error)
