"""An agent's process on a simulated host: the real session over its journal, its lanes and its part of the broker."""

import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from common import errors, wire
from common.bus.contract import REPORTS, Outgoing
from common.clock import Clock
from compute_agent.driver.contract import DomainEvent
from compute_agent.identity import Identity
from compute_agent.intake import take_in
from compute_agent.journal import Journal
from compute_agent.operation import Call
from compute_agent.runner import Outcome
from compute_agent.session import Session
from compute_agent.world import World
from tests.simulation.bus import Reader
from tests.simulation.furnish import SETTINGS
from tests.simulation.trace import Trace
from tests.simulation.turns import Crash

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet
    from tests.simulation.hosts import SimulatedHost

JOURNAL_TWISTS = ("dies before the journal", "dies after the journal")
TAKE_TWISTS = (*JOURNAL_TWISTS, "dies before the ack", "ack lost")
CALL_TWISTS = (
    "call fails",
    "call's answer lost",
    "call hangs",
    "dies before the call",
    "dies after the call",
    *JOURNAL_TWISTS,
)
SAY_TWISTS = ("events lost", "confirm lost", "confirm late", "dies before publishing", "dies after publishing")
READS = frozenset(
    {"connect", "inventory", "listing", "usage", "power", "console", "notes", "network_leftovers", "prune_images"}
)
"""Calls that change nothing on the host."""


class FusedJournal(Journal):
    """A journal whose process may die at the next commit."""

    def __init__(self, path: Path, clock: Clock, trace: Trace, who: str) -> None:
        super().__init__(path, clock)
        self._trace, self._who = trace, who
        self.twist = ""

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction, with its twist."""
        outermost = not self._db.in_transaction
        with super().together():
            yield
            if outermost:
                self._die("dies before the journal")
        if outermost:
            self._die("dies after the journal")

    def _die(self, twist: str) -> None:
        if self.twist == twist:
            self.twist = ""
            self._trace.fault(self._who, twist)
            raise Crash

    def move(self, path: Path) -> None:
        """Go on with a copy, as on a machine that was cloned."""
        copy = sqlite3.connect(path, isolation_level=None)
        self._db.backup(copy)
        self._db.close()
        self._db = copy


class Job(NamedTuple):
    """A call that waits in its lane, or hangs there ``until`` it is abandoned (monotonic seconds)."""

    call: Call
    token: int
    until: float = 0.0


class SimulatedLanes:
    """Lanes whose calls are made when the schedule says so.

    :param wished: hears of each call, when it is wished.
    """

    def __init__(self, wished: Callable[[str, Call], None]) -> None:
        self._wished = wished
        self._waiting: dict[str, deque[Job]] = defaultdict(deque)
        self.hung: dict[str, Job] = {}
        self.abandoned: dict[str, str] = {}

    def submit(self, lane: str, call: Call, token: int) -> None:
        """Let the call wait."""
        self._wished(lane, call)
        self._waiting[lane].append(Job(call, token))

    def stuck(self) -> dict[str, str]:
        """Say which lanes have a call that was abandoned and has not come back."""
        return self.abandoned

    def ready(self) -> list[str]:
        """Name the lanes in which a call could be made."""
        return [lane for lane, jobs in self._waiting.items() if jobs and lane not in self.hung]

    def next(self, lane: str) -> Job:
        """Take the oldest call of a lane."""
        return self._waiting[lane].popleft()


class AgentProcess:
    """One agent process. It dies whole; its journal's file stays."""

    def __init__(self, host: "SimulatedHost", journal: Path, boot_id: str, name: str) -> None:
        self.host, self.name, self._fleet = host, name, host.fleet
        fleet: Fleet = host.fleet
        self.journal = FusedJournal(journal, fleet.clock, fleet.trace, name)
        self.lanes = SimulatedLanes(lambda lane, call: fleet.checker.wished(self, call, lane))
        self.heard: list[DomainEvent] = []
        self.welcomed = False
        self.unconfirmed: list[wire.Event] = []
        self.talks = True
        """It may have something to say."""
        identity = Identity(host.id, host.name, boot_id, "0.1", fleet.clock.monotonic())
        world = World(identity, self.journal, host.driver, self.lanes, fleet.clock, fleet.ids, SETTINGS.agent)
        self.session = Session(world, self.heard.append)
        self.session.start()

    def move(self, journal: Path) -> None:
        """Become the older of two agents of this host, with a copy of the journal."""
        self.name = f"{self.name} (older agent)"
        self.journal.move(journal)

    # ---- what it does --------------------------------------------------------------------------------------
    def next_due(self) -> float:
        """Give the moment (monotonic seconds) of its next look at the clock."""
        return min([self.session.next_due(), *(job.until for job in self.lanes.hung.values())])

    def tick(self) -> None:
        """Let it look at the clock."""
        self.talks = True
        self.session.tick()
        late = [lane for lane, job in self.lanes.hung.items() if job.until <= self._fleet.clock.monotonic()]
        for lane in late:
            job = self.lanes.hung.pop(lane)
            self.lanes.abandoned[lane] = f"{job.call.name} hangs"
            self.host.abandoned.append((self, lane, job.call))
            self._fleet.trace.tell(self.name, f"abandons {job.call.name} in {lane}")
            self.session.answered(job.token, Outcome(error=errors.DeadlineExceeded(f"{job.call.name} hangs")))

    def hear(self) -> None:
        """Let it hear what happened to a guest."""
        if self.heard:
            self.talks = True
            self.session.domain_event(self.heard.pop(0))

    def take(self, reader: Reader, twist: str) -> None:
        """Let it take commands."""
        self.journal.twist, reader.twist, self.talks = twist, twist, True
        self._fleet.trace.tell(self.name, f"takes {', '.join(map(self._fleet.describe, reader.coming()))}")
        before, last, goals = self.session.epoch, self.journal.fact("epoch"), list(_goals(reader.coming()))
        known = {goal.server: self.newest(goal.server) for goal in goals}
        with suppress(errors.BusUnavailable):
            take_in(reader, self.session.take)
        epochs = {before, self.session.epoch}
        if (newest := self.journal.fact("epoch")) != last:  # a welcome, and what ended its epoch, may come together
            epochs.add(int(newest))
        self._fleet.checker.took(self, goals, epochs, known)
        self.journal.twist = reader.twist = ""
        self.welcomed |= self.session.epoch is not None

    def newest(self, server: str) -> int:
        """Give the newest generation of a server that its journal knows."""
        entry = self.journal.entry(server)
        return entry.goal.generation if entry else -1

    def call(self, place: int, twist: str) -> None:
        """Let the next call of one of its lanes be made, and answer it."""
        lanes = self.lanes.ready()
        if not lanes:
            return
        lane = lanes[place % len(lanes)]
        job, self.talks = self.lanes.next(lane), True
        name, about = job.call.name, f"{job.call.name} in {lane}"
        if twist and twist not in JOURNAL_TWISTS:
            self._fleet.trace.fault(self.name, twist, about)
        if twist == "call hangs":
            self.lanes.hung[lane] = job._replace(until=self._fleet.clock.monotonic() + job.call.deadline)
        elif twist == "dies before the call":
            raise Crash
        elif twist == "call fails":
            self.session.answered(job.token, Outcome(error=errors.HypervisorError(f"{name} failed")))
        else:
            outcome = self.host.make(self, job.call, lane)
            if twist == "dies after the call":
                raise Crash
            if twist == "call's answer lost":
                outcome = Outcome(error=errors.HypervisorError(f"the connection broke in {name}"))
            self.journal.twist = twist
            self.session.answered(job.token, outcome)
            self.journal.twist = ""

    def say(self, twist: str) -> None:
        """Let it publish what it has to say."""
        if self.unconfirmed:
            self.session.confirmed(self.unconfirmed)
            self.unconfirmed = []
        events = self.session.outgoing()
        if not events:
            self.talks = False
            return
        about = ", ".join(event.kind for event in events)
        if self.host.cut:
            self.session.returned(events)
            self.talks = False
            return
        if twist:
            self._fleet.trace.fault(self.name, twist, about)
        if twist == "dies before publishing":
            raise Crash
        if twist != "events lost":
            self._publish(events)
        if twist == "dies after publishing":
            raise Crash
        if twist in ("events lost", "confirm lost"):
            self.session.returned(events)
        elif twist == "confirm late":
            self.unconfirmed = events
        else:
            self.session.confirmed(events)

    def _publish(self, events: list[wire.Event]) -> None:
        self._fleet.trace.tell(self.name, f"says {', '.join(f'{e.kind} {e.server[-4:]}'.strip() for e in events)}")
        for event in events:
            self._fleet.checker.said(event)
            key = f"host.{event.host}.{event.kind}"
            self._fleet.broker.put(Outgoing(REPORTS, key, wire.pack(event)))


def _goals(bodies: Iterable[bytes]) -> Iterator[wire.Command]:
    """Read the goals among messages."""
    commands = (wire.unpack(wire.unpack(body, wire.Sealed).command, wire.Command) for body in bodies)
    return (command for command in commands if command.verb == "converge")
