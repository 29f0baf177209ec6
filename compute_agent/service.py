"""The agent's threads around its core.

loop       the session, its journal and the lanes' answers (compute_agent.session_loop)
commands   reads the host's queue (compute_agent.listener)
events     publishes what the session says (compute_agent.speaker)
lanes      make the driver's calls (compute_agent.lanes)
"""

import threading
from collections.abc import Callable
from functools import partial

from common import errors
from common.bus.contract import Bus
from common.clock import Clock
from common.exposed import Exposed
from common.gauges import Reading
from common.ids import Ids, time_ordered
from common.settings import Metrics, Settings
from compute_agent.driver.contract import Driver, Sink
from compute_agent.driver.memory import MemoryDriver
from compute_agent.held import HeldLanes
from compute_agent.identity import folder, identity
from compute_agent.journal import Journal
from compute_agent.lanes import OTHERS, WorkerLanes
from compute_agent.listener import Listener
from compute_agent.runner import Outcome
from compute_agent.session import Session
from compute_agent.session_loop import SessionLoop
from compute_agent.sight import metrics, readings
from compute_agent.sight.lanes import SeenLanes
from compute_agent.speaker import Speaker
from compute_agent.world import World

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
        self._check, self._remark, self._driver = check, remark, driver
        self.identity = identity(settings, ids)._replace(began=clock.monotonic())
        self._journal = Journal(folder(settings) / "journal.sqlite", clock)
        pools = {OTHERS: settings.agent.workers, **POOLS}
        self._lanes = WorkerLanes(self._answered, clock, pools, instant=driver.instant)
        self._exposed = Exposed(_watched(settings), metrics.METRICS)
        self._seen_lanes = SeenLanes(self._lanes, self._exposed.gauges, clock)
        held = HeldLanes(self._seen_lanes)
        self._world = World(self.identity, self._journal, driver, held, clock, ids, settings.agent)
        self._loop = SessionLoop(self._session, self._journal, held, clock)
        self._ended = threading.Event()
        self._speaker = Speaker(bus, self._loop, self._ended)
        listener = Listener(bus, self.identity.host, self._loop, self._ended)
        run = partial(self._loop.run, self._lanes.sweep, self._speaker.offer)
        self._threads = [
            threading.Thread(target=target, name=f"agent-{name}", daemon=True)
            for name, target in (("loop", run), ("commands", listener.run), ("events", self._speaker.run))
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
        self._exposed.start(lambda: readings.look(self._seen_lanes, self._of_loop, self._loop.put))

    def stop(self) -> None:
        """Stop the threads. Guests go on running; what was not finished is when the agent starts again."""
        self._exposed.stop()
        self._ended.set()
        self._loop.stop()
        self._speaker.stop()
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
        return self._loop.session.epoch

    def _session(self, sink: Sink, connected: bool) -> Session:
        return Session(self._world, sink, connected=connected)

    def _answered(self, token: int, outcome: Outcome) -> None:
        self._loop.answered(token, outcome)

    def _of_loop(self) -> list[Reading]:
        return readings.of_loop(self._loop.session, self._journal)


def _watched(settings: Settings) -> Metrics:
    """Give where this agent's gauges are read; one in the controller's process has no address of its own."""
    return Metrics() if settings.bus.url.startswith("memory:") else settings.metrics


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
