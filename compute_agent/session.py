"""The agent's core: a state machine without threads, sleeps or sockets.

    start -> look at the host -> hello -> welcome -> converge, report, answer
                 ^------------------- no answer for a lease --'

What comes is journalled when ``take`` returns, so that its caller may ack it; work begins after that. Until the host is
welcomed no goal is taken and no operation begun; those under way go on, for a controller that is away stops no guest.
A session that is made anew over the same journal goes on where the last one was killed.
"""

import logging
from collections.abc import Iterator, Sequence

from common import errors
from common.clock import Clock
from common.ids import Ids
from common.refusals import Refusals, Refused
from common.settings import Agent
from common.states import Power
from common.wire import Answer, Command, Event, Goal, Hello, Inventory, Lease, Query, Stale, Welcome, body_of, unpack
from compute_agent.commands import answer
from compute_agent.converge import Convergence
from compute_agent.drift import Drift
from compute_agent.driver.contract import DomainEvent, Driver, Sink
from compute_agent.identity import Identity
from compute_agent.journal import Journal
from compute_agent.lease import Standing
from compute_agent.operation import Operation, Pause, do
from compute_agent.outbox import Outbox
from compute_agent.reporter import Look, Reporter, look
from compute_agent.resources.report import present
from compute_agent.runner import Lanes, Outcome, Runner
from compute_agent.seals import Seals, keys

LOG = logging.getLogger(__name__)

FIRST_PATIENCE, LONGEST_PATIENCE = 30.0, 300.0
"""Seconds that a hello waits for its welcome before another is said: doubled each time, up to the longest."""

CONNECT_SECONDS = 120.0
"""Deadline of connecting: a driver may have to prove what its host can do."""

HERE = "the bus"
"""Where refused commands came from, as far as a host can tell."""

HYPERVISOR_SECONDS = 10.0
"""Pause between attempts to reach the hypervisor."""


class Session:
    """One host's conversation with the controller, and the work that follows from it. Single-threaded.

    :param sink: given to the driver: where it hands what happens to guests, from any thread.
    :param connected: the driver was connected by an earlier session of this process.
    """

    def __init__(
        self,
        identity: Identity,
        journal: Journal,
        driver: Driver,
        lanes: Lanes,
        clock: Clock,
        ids: Ids,
        settings: Agent,
        sink: Sink,
        *,
        connected: bool = False,
    ) -> None:
        self._identity, self._journal, self._driver, self._lanes = identity, journal, driver, lanes
        self._clock, self._ids, self._settings, self._sink = clock, ids, settings, sink
        self._runner = Runner(lanes, clock)
        self._outbox = Outbox(identity.host, journal, clock, ids)
        self._convergence = Convergence(
            journal,
            driver,
            self._runner,
            self._outbox,
            clock,
            tries=settings.tries,
            shutdown_seconds=settings.shutdown_seconds,
        )
        self._drift = Drift(journal, self._convergence)
        self._reporter = Reporter(
            driver, journal, self._runner, lanes, self._outbox, self._convergence, self._drift, clock, settings
        )
        self._standing = Standing(clock)
        self._seals = Seals(keys(settings.keys))
        self.refusals = Refusals(LOG)
        self._hello = ""
        self._asked = self._ask_again = 0.0
        self._patience = FIRST_PATIENCE
        self._seen: tuple[Look, Inventory] | None = None
        self._next_beat = 0.0
        self._suspect: set[str] = set()
        self.losses = 0
        self.connected = connected

    @property
    def epoch(self) -> int | None:
        """Give the host epoch this session speaks under; None until it is welcomed."""
        return self._standing.epoch

    # ---- the handshake -------------------------------------------------------------------------------------
    def start(self) -> None:
        """Look at the host and introduce it."""
        self._standing.end()
        self._reporter.end()
        self._outbox.hush()
        self._hello, self._ask_again = "", 0.0
        self._runner.begin("report:hello", self._opening(), self._introduce)

    def _opening(self) -> Operation[tuple[Look, Inventory]]:
        while True:
            try:
                if not self.connected:
                    yield from do(self._driver.connect, self._sink, deadline=CONNECT_SECONDS)
                    self.connected = True
                seen = yield from look(self._driver, self._convergence)
                inventory = yield from do(self._driver.inventory)
            except errors.ToftError as error:
                LOG.warning("the hypervisor is away, trying on: %s", error.message)
                yield Pause(HYPERVISOR_SECONDS)
            else:
                return seen, inventory

    def _introduce(self, outcome: Outcome) -> None:
        if outcome.error is not None:
            raise outcome.error
        self._seen = seen, inventory = outcome.value
        self._hello = self._ids()
        self._asked = self._clock.monotonic()
        self._ask_again = self._asked + self._patience
        self._patience = min(LONGEST_PATIENCE, self._patience * 2)
        unsure = self._convergence.unsure(seen.since)
        self._outbox.say(
            Hello(
                id=self._hello,
                name=self._identity.name,
                boot_id=self._identity.boot_id,
                version=self._identity.version,
                features=tuple(sorted(self._driver.features)),
                inventory=inventory,
                present=present(seen.listing, self._journal.living(), unsure, self._lanes.stuck()),
                strangers=seen.listing.strangers,
                keys=self._seals.names,
            )
        )
        LOG.info(
            "hello from host %s (%s): %d domains", self._identity.name, self._identity.host, len(seen.listing.present)
        )

    def _welcome(self, welcome: Welcome) -> None:
        if not self._hello or welcome.hello != self._hello or self._seen is None:
            LOG.info("a welcome to another hello is passed over")
            return
        last = int(self._journal.fact("epoch") or 0)
        if welcome.epoch <= last:
            LOG.error("welcomed under epoch %d after %d: was the controller's database set back?", welcome.epoch, last)
        seen, inventory = self._seen
        rebooted = self._journal.fact("boot") not in ("", self._identity.boot_id)
        self._standing.begin(welcome, self._asked)
        self._drift.heed(welcome.wanted, seen.listing, self._convergence.unsure(seen.since), rebooted=rebooted)
        self._journal.remember("epoch", str(welcome.epoch))
        self._journal.remember("boot", self._identity.boot_id)
        self._hello, self._seen, self._patience = "", None, FIRST_PATIENCE
        self._next_beat = self._clock.monotonic()
        self._reporter.begin(inventory)
        LOG.info("welcomed under epoch %d; %d servers wanted", welcome.epoch, len(welcome.wanted))

    # ---- what comes ----------------------------------------------------------------------------------------
    def take(self, bodies: Sequence[bytes]) -> list[int]:
        """Take commands: all that must be kept of them is on disk when this returns, and they may be acked.

        Gives the places of those that can never be understood: they belong to the dead letters.
        """
        refused: list[int] = []
        queries: list[tuple[str, Query]] = []
        with self._journal.together():
            for place, body in enumerate(bodies):
                try:
                    queries.extend(self._one(unpack(self._seals.open(body), Command)))
                except errors.BadRequest as error:
                    self.refusals.count(error.kind if isinstance(error, Refused) else "malformed", HERE, error.message)
                    refused.append(place)
        if self.epoch is not None:
            for server in self._drift.open():
                self._convergence.pursue(server)
        for server, query in queries:
            self._ask_driver(server, query)
        return refused

    def _one(self, command: Command) -> Iterator[tuple[str, Query]]:
        """Take one command; gives the query that it was, if any."""
        if command.host != self._identity.host:
            raise Refused("other-host", f"command {command.id} is for host {command.host}")
        body = body_of(command)
        if isinstance(body, Welcome):
            self._welcome(body)
        elif command.host_epoch != self.epoch:
            why = f"{command.verb} {command.id} came under epoch {command.host_epoch}, not {self.epoch}"
            self.refusals.count("old-epoch", HERE, why)
            if isinstance(body, Goal):
                stale = Stale(command=command.id, host_epoch=command.host_epoch)
                self._outbox.say(stale, body.server, body.generation, command.request_id)
        elif isinstance(body, Lease):
            self._standing.renew(body)
        elif self._standing.expired(command.expires):
            self.refusals.count("expired", HERE, f"{command.verb} {command.id} came too late")
        elif isinstance(body, Goal):
            self._accept(command, body)
        elif isinstance(body, Query):
            yield command.server, body

    def _accept(self, command: Command, goal: Goal) -> None:
        if (command.server, command.generation) != (goal.server, goal.generation):
            raise errors.BadRequest(f"command {command.id} names another server or generation than its goal")
        self._convergence.accept(goal, command.request_id)
        self._drift.accept(goal.server, goal.generation)

    def _ask_driver(self, server: str, query: Query) -> None:
        def done(outcome: Outcome) -> None:
            found = outcome.value
            if outcome.error is not None:
                code = outcome.error.code if isinstance(outcome.error, errors.ToftError) else "internal"
                found = Answer(query=query.id, code=code, reason=str(outcome.error))
            self._outbox.say(found, server)

        self._runner.begin(f"query:{server}", answer(self._driver, server, query), done)

    def answered(self, token: int, outcome: Outcome) -> None:
        """Take the outcome of a call that a lane made."""
        self._runner.answered(token, outcome)

    def domain_event(self, event: DomainEvent) -> None:
        """Take what happened to a guest by itself; while it is worked on, that work says how it ends."""
        if event.lost or event.power is None:
            self._reporter.ask("states")
            return
        entry = self._journal.entry(event.server)
        if entry is None or entry.tombstone:
            return
        if self._convergence.working(event.server):
            self._suspect.add(event.server)
        elif event.power is Power.GONE:
            self._reporter.ask("states")
        elif entry.state != "accepted":
            self._convergence.power_seen(entry, event.power, event.reason)

    # ---- time ----------------------------------------------------------------------------------------------
    def tick(self) -> None:
        """Do what is due."""
        self._runner.tick()
        now = self._clock.monotonic()
        if self._standing.lost:
            LOG.error("the controller was not heard for a lease; introducing this host again")
            self.losses += 1
            self.start()
        elif self.epoch is None:
            if self._hello and now >= self._ask_again:
                LOG.warning("no welcome yet; saying hello again")
                self.start()
        elif now >= self._next_beat:
            self._next_beat = now + self._settings.heartbeat_seconds
            self._outbox.say(self._standing.beat())
        self._look_at_suspects()
        self._reporter.tick()

    def next_due(self) -> float:
        """Give the moment (monotonic seconds) at which ``tick`` has something to do."""
        now = self._clock.monotonic()
        moments = [self._runner.next_due(), self._reporter.next_due()]
        if self.epoch is not None:
            moments.append(self._next_beat)
        elif self._hello:
            moments.append(self._ask_again)
        return min((at for at in moments if at is not None), default=now + FIRST_PATIENCE)

    def _look_at_suspects(self) -> None:
        calm = {server for server in self._suspect if not self._convergence.working(server)}
        if calm:
            self._suspect -= calm
            self._reporter.ask("states")

    # ---- what goes -----------------------------------------------------------------------------------------
    def outgoing(self, limit: int = 64) -> list[Event]:
        """Give events that should leave now; each is given again only after it was ``returned``."""
        return self._outbox.take(self.epoch, limit)

    def confirmed(self, events: list[Event]) -> None:
        """Note that the broker has these."""
        self._outbox.confirmed(events)

    def returned(self, events: list[Event]) -> None:
        """Note that these did not arrive, or may not have."""
        self._outbox.returned(events)
