"""The agent's threads around its core.

    loop       the session, its journal and the lanes' answers, all from one queue of things to do
    commands   reads the host's queue; acks what the session has journalled
    events     publishes what the session says; tells it what was confirmed
    lanes      make the driver's calls (compute_agent.lanes)

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
from functools import partial

from common import errors
from common.bus.contract import REPORTS, Bus, Consumer, Outgoing, Publisher
from common.clock import Clock
from common.exposed import Exposed
from common.gauges import Reading
from common.ids import Ids, time_ordered
from common.settings import Metrics, Settings
from common.wire import Event, pack
from compute_agent.driver.contract import Driver
from compute_agent.driver.memory import MemoryDriver
from compute_agent.held import HeldLanes
from compute_agent.identity import folder, identity
from compute_agent.intake import take_in
from compute_agent.journal import Journal
from compute_agent.lanes import OTHERS, WorkerLanes
from compute_agent.runner import Outcome
from compute_agent.session import Session
from compute_agent.sight import metrics, readings
from compute_agent.sight.lanes import SeenLanes
from compute_agent.world import World

LOG = logging.getLogger(__name__)

TOGETHER = 64
"""Things to do that share one write to the journal: under load, most of an agent's time is the disk's."""

SWEEP_SECONDS = 1.0
"""The loop's longest rest: abandoned calls are noticed at least so often."""

TICK_SECONDS = 5.0
"""Seconds after which an idle publisher is kept alive."""

POOLS = {"image": 2, "report": 2, "query": 1}
"""Threads for kinds of lanes beside the work on servers, which has ``[agent] workers``."""


class AgentService:
    """An agent in threads of this process. ``start`` returns at once: broker and hypervisor may come later.

    :param check: gives what keeps this machine from running guests.
    :param remark: gives what guests do without here.
    """

    def __init__(
        self,
        settings: Settings,
        bus: Bus,
        driver: Driver,
        clock: Clock,
        ids: Ids,
        check: Callable[[], list[str]] = list,
        remark: Callable[[], list[str]] = list,
    ) -> None:
        self._check, self._remark = check, remark
        self._settings, self._bus, self._driver, self._clock, self._ids = settings, bus, driver, clock, ids
        self.identity = identity(settings, ids)._replace(began=clock.monotonic())
        self._todo: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._outgoing: queue.SimpleQueue[list[Event]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._journal = Journal(folder(settings) / "journal.sqlite", clock)
        pools = {OTHERS: settings.agent.workers, **POOLS}
        self._lanes = WorkerLanes(self._answered, clock, pools, instant=driver.instant)
        self._exposed = Exposed(_watched(settings), metrics.METRICS)
        self._seen_lanes = SeenLanes(self._lanes, self._exposed.gauges, clock)
        self._held_lanes = HeldLanes(self._seen_lanes)
        self._taken: list[tuple[Future[list[int]], list[int]]] = []
        self._session = self._new_session(connected=False)
        self._publishing = False
        self._threads = [
            threading.Thread(target=target, name=f"agent-{name}", daemon=True)
            for name, target in (("loop", self._loop), ("commands", self._commands), ("events", self._events))
        ]

    def problems(self) -> list[str]:
        """Give what keeps this machine from running guests, each with what to do; empty where nothing does."""
        return self._check()

    def remarks(self) -> list[str]:
        """Give what guests do without here, each with why; empty where that is nothing."""
        return self._remark()

    def start(self) -> None:
        """Begin; returns at once."""
        for thread in self._threads:
            thread.start()
        self._exposed.start(lambda: readings.look(self._seen_lanes, self._of_loop, self._todo.put))

    def stop(self) -> None:
        """Stop the threads. Guests go on running; what was not finished is when the agent starts again."""
        self._exposed.stop()
        self._stopping.set()
        self._todo.put(lambda: None)
        self._outgoing.put([])
        for thread in self._threads:
            if thread.is_alive():
                thread.join(10.0)
        self._lanes.close()
        self._driver.close()
        self._journal.close()

    def stuck(self) -> dict[str, str]:
        """Say which lanes hold calls on the hypervisor that do not come back; empty on a healthy host."""
        return self._lanes.stuck()

    @property
    def epoch(self) -> int | None:
        """Give the epoch that this host was welcomed under; None while it is not."""
        return self._session.epoch

    # ---- the loop ------------------------------------------------------------------------------------------
    def _new_session(self, *, connected: bool) -> Session:
        world = World(
            self.identity, self._journal, self._driver, self._held_lanes, self._clock, self._ids, self._settings.agent
        )
        return Session(
            world, lambda event: self._todo.put(lambda: self._session.domain_event(event)), connected=connected
        )

    def _of_loop(self) -> list[Reading]:
        return readings.of_loop(self._session, self._journal)

    def _answered(self, token: int, outcome: Outcome) -> None:
        self._todo.put(lambda: self._session.answered(token, outcome))

    def _loop(self) -> None:
        self._guarded([self._session.start])
        while not self._stopping.is_set():
            rest = min(SWEEP_SECONDS, max(0.0, self._session.next_due() - self._clock.monotonic()))
            self._guarded([*self._things_to_do(rest), lambda: self._session.tick()])
            self._lanes.sweep()
            self._guarded([self._offer])

    def _things_to_do(self, rest: float) -> list[Callable[[], object]]:
        """Wait ``rest`` seconds for something to do; give all that there is then."""
        actions = []
        with contextlib.suppress(queue.Empty):
            actions.append(self._todo.get(timeout=rest))
            while len(actions) < TOGETHER:
                actions.append(self._todo.get_nowait())
        return actions

    def _guarded(self, actions: Iterable[Callable[[], object]]) -> None:
        """Do all of this in one write to the journal. What it asks of the lanes, and its acks, come after that."""
        left = deque(actions)
        try:
            with self._journal.together():
                while left:
                    left.popleft()()
        except Exception as error:
            LOG.exception("the agent's session broke; a new one goes on from the journal")
            self._held_lanes.drop()
            self._tell_takers(error)
            self._heal(error)
            self._stopping.wait(random.uniform(0.5, 1.5))  # noqa: S311
            self._session = self._new_session(connected=self._session.connected)
            self._session.start()
        self._held_lanes.release()
        self._tell_takers(None)
        if left:  # what came after the one that broke is the new session's
            self._guarded(left)

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

    def _offer(self) -> None:
        if not self._publishing and (events := self._session.outgoing()):
            self._publishing = True
            self._outgoing.put(events)

    def _published(self, session: Session, there: list[Event], back: list[Event]) -> None:
        self._publishing = False
        if session is self._session:
            session.confirmed(there)
            session.returned(back)

    # ---- the bus -------------------------------------------------------------------------------------------
    def _commands(self) -> None:
        losses, told = 0, ""
        consumer: Consumer | None = None
        while not self._stopping.is_set():
            try:
                if consumer is None or losses != self._session.losses:
                    losses = self._session.losses
                    _close(consumer)
                    consumer = self._bus.commands(self.identity.host)
                take_in(consumer, self._journalled, timeout=1.0)
                told = ""
            except errors.Unavailable as error:
                LOG.log(logging.DEBUG if error.message == told else logging.INFO, "no commands: %s", error.message)
                told = error.message
                self._rest()
            except Exception:
                LOG.exception("commands were not taken; they come again")
                self._rest()
        _close(consumer)

    def _journalled(self, bodies: Sequence[bytes]) -> list[int]:
        """Have the loop take commands, and wait until it has."""
        answer: Future[list[int]] = Future()

        def take() -> None:
            refused: list[int] = []
            self._taken.append((answer, refused))
            refused += self._session.take(bodies)

        self._todo.put(take)
        while not self._stopping.is_set():
            try:
                return answer.result(timeout=1.0)
            except TimeoutError:
                continue
        raise errors.Unavailable("the agent is stopping")

    def _events(self) -> None:
        losses = 0
        publisher: Publisher | None = None
        while not self._stopping.is_set():
            events = self._next_events(publisher)
            if not events:
                continue
            session = self._session
            if losses != session.losses:
                losses = session.losses
                _close(publisher)
                publisher = None
            try:
                publisher = publisher or self._bus.publisher()
                back = self._publish(publisher, events)
            except errors.BusUnavailable as error:
                LOG.info("%d events wait: %s", len(events), error.message)
                back = events
                _close(publisher)
                publisher = None
            if back:
                self._rest()
            there = [event for event in events if event not in back]
            self._todo.put(partial(self._published, session, there, back))
        _close(publisher)

    def _next_events(self, publisher: Publisher | None) -> list[Event]:
        try:
            return self._outgoing.get(timeout=TICK_SECONDS)
        except queue.Empty:
            if publisher is not None:
                publisher.tick()
            return []

    def _publish(self, publisher: Publisher, events: list[Event]) -> list[Event]:
        """Publish events; give those that did not arrive."""
        messages = [Outgoing(REPORTS, f"host.{event.host}.{event.kind}", pack(event)) for event in events]
        returned = set(publisher.publish(messages))
        return [event for event, message in zip(events, messages, strict=True) if message in returned]

    def _rest(self) -> None:
        """Wait a little, not in step with other hosts."""
        self._stopping.wait(random.uniform(0.5, 3.0))  # noqa: S311


def _watched(settings: Settings) -> Metrics:
    """Give where this agent's gauges are read; one in the controller's process has no address of its own."""
    return Metrics() if settings.bus.url.startswith("memory:") else settings.metrics


def _close(connection: Consumer | Publisher | None) -> None:
    if connection is not None:
        connection.close()


def embedded(settings: Settings, bus: Bus, clock: Clock) -> AgentService:
    """Make an agent with the driver that the settings name (the entry point ``toft.agents``).

    :raises SettingsError: there is no such driver.
    """
    if settings.agent.driver == "memory":
        return AgentService(settings, bus, MemoryDriver(), clock, time_ordered(clock))
    if settings.agent.driver != "libvirt":
        raise errors.SettingsError(f"[agent] driver is {settings.agent.driver}; it must be libvirt or memory")
    from compute_agent import doctor
    from compute_agent.driver import libvirt  # not needed where the driver only pretends

    check, remark = partial(doctor.problems, settings), partial(doctor.remarks, settings)
    return AgentService(settings, bus, libvirt.make(settings, clock), clock, time_ordered(clock), check, remark)
