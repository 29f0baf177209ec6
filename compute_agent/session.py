"""The agent's core: a state machine without threads, sleeps or sockets.

    start -> look at the host -> hello -> welcome -> converge, report, answer
                 ^------------------- no answer for a lease --'

What comes is journalled when ``take`` returns, so that its caller may ack it; work begins after that. Until the host is
welcomed no goal is taken and no step of an operation begun: what may not speak may not act either, for somebody else
may act in its place. Guests run on. A session that is made anew over the same journal goes on where the last one was
killed; one that learns that another was welcomed after it stops at once, and asks to be let in again.
"""

import logging
from collections.abc import Iterator, Sequence

from common import errors
from common.refusals import Refusals, Refused
from common.states import Power
from common.wire import Answer, Command, Event, Goal, Hello, Inventory, Lease, Query, Stale, Welcome, body_of, unpack
from compute_agent.allowance import Allowance
from compute_agent.commands import answer
from compute_agent.converge import Convergence
from compute_agent.drift import Drift
from compute_agent.driver.contract import DomainEvent, Sink
from compute_agent.lease import Standing
from compute_agent.operation import Operation, Pause, do
from compute_agent.outbox import Outbox
from compute_agent.pace import Pace
from compute_agent.reporter import Look, Reporter, look
from compute_agent.resources.report import present
from compute_agent.runner import Outcome, Runner
from compute_agent.seals import Seals, keys
from compute_agent.wishes import Wishes
from compute_agent.world import World

LOG = logging.getLogger(__name__)

FIRST_PATIENCE, LONGEST_PATIENCE = 30.0, 300.0
"""Seconds that a hello waits for its welcome before another is said: doubled each time, up to the longest."""

CONNECT_SECONDS = 120.0
"""Deadline of connecting: a driver may have to prove what its host can do."""

HERE = "the bus"
"""Where refused commands came from, as far as a host can tell."""

RETURN_SECONDS = 10.0
"""The span in which ``[agent] returns_at_once`` guests are started after the host's restart."""

UNFINISHED = "unfinished"
"""The boot id that is remembered until all guests of before the host's restart had their turn: an agent that is killed
meanwhile takes it for a restart again."""

HYPERVISOR_SECONDS = 10.0
"""Pause between attempts to reach the hypervisor."""


class Session:
    """One host's conversation with the controller, and the work that follows from it. Single-threaded.

    :param sink: given to the driver: where it hands what happens to guests, from any thread.
    :param connected: the driver was connected by an earlier session of this process.
    """

    def __init__(self, world: World, sink: Sink, *, connected: bool = False) -> None:
        self._identity, self._journal = world.identity, world.journal
        self._driver, self._lanes = world.driver, world.lanes
        self._clock, self._ids, self._settings, self._sink = world.clock, world.ids, world.settings, sink
        self._pace = Pace(self._identity.host)
        self._runner = Runner(self._lanes, self._clock)
        self._outbox = Outbox(self._identity.host, self._journal, self._clock, self._ids)
        self._wishes = Wishes(Allowance(self._clock, self._settings.returns_at_once, RETURN_SECONDS))
        self._convergence = Convergence(world, self._runner, self._outbox, self._wishes)
        self._drift = Drift(world, self._convergence, self._wishes)
        self._reporter = Reporter(world, self._runner, self._outbox, self._convergence, self._drift, self._pace)
        self._standing = Standing(self._clock)
        self._seals = Seals(keys(self._settings.keys))
        self.refusals = Refusals(LOG)
        self._hello = ""
        self._asked = self._ask_again = 0.0
        self._patience, self._unanswered = FIRST_PATIENCE, 0
        self._seen: tuple[Look, Inventory] | None = None
        self._next_beat = 0.0
        self._suspect: set[str] = set()
        self.losses = 0
        self.connected = connected

    @property
    def epoch(self) -> int | None:
        """Give the host epoch this session speaks under; None until it is welcomed."""
        return self._standing.epoch

    @property
    def round_trip(self) -> float | None:
        """Give the seconds from the newest answered heartbeat to its answer; None: none was answered."""
        return self._standing.round_trip

    @property
    def strangers(self) -> int:
        """Give how many domains here, and files of servers, are none of ours."""
        return self._reporter.strangers

    # ---- the handshake -------------------------------------------------------------------------------------
    def start(self) -> None:
        """Look at the host and introduce it. Until it is welcomed, nothing is done and nothing else said."""
        self._standing.end()
        self._reporter.end()
        self._outbox.hush()
        self._convergence.halt()
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
        self._ask_again = self._asked + self._pace.about(self._patience)
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
                copies=dict(seen.listing.copies),
                leftovers=self._drift.leftovers(seen.listing, unsure),
                unanswered=self._unanswered,
                began=self._identity.began,
            )
        )
        LOG.info(
            "hello from host %s (%s): %d domains", self._identity.name, self._identity.host, len(seen.listing.present)
        )

    def _welcome(self, welcome: Welcome) -> None:
        if not self._hello or welcome.hello != self._hello or self._seen is None:
            if self.epoch is not None and welcome.epoch > self.epoch:
                self._fenced()
            else:
                LOG.info("a welcome to another hello is passed over")
            return
        last = int(self._journal.fact("epoch") or 0)
        if welcome.epoch <= last:
            LOG.error("welcomed under epoch %d after %d: was the controller's database set back?", welcome.epoch, last)
        seen, inventory = self._seen
        rebooted = self._journal.fact("boot") not in ("", self._identity.boot_id)
        self._standing.begin(welcome, self._asked)
        self._drift.heed(welcome.wanted, seen.listing, self._convergence.unsure(seen.since), rebooted=rebooted)
        self._convergence.go_on()
        self._journal.remember("epoch", str(welcome.epoch))
        self._journal.remember("boot", self._identity.boot_id if not self._wishes.held else UNFINISHED)
        self._hello, self._seen = "", None
        self._patience, self._unanswered = FIRST_PATIENCE, 0
        self._next_beat = self._clock.monotonic()
        self._reporter.begin(inventory)
        LOG.info("welcomed under epoch %d; %d servers wanted", welcome.epoch, len(welcome.wanted))
        for server in self._drift.open():
            self._convergence.pursue(server)

    def _fenced(self) -> None:
        LOG.error("another hello of this host was accepted after epoch %s: stopping, and asking again", self.epoch)
        self.start()

    def _mind_the_lease(self) -> None:
        """Before anything is taken in: may this host still speak? A process that slept may find that it may not."""
        if self._standing.lost:
            LOG.error("the controller was not heard for a lease; introducing this host again")
            self.losses += 1
            self._unanswered += 1
            self.start()

    # ---- what comes ----------------------------------------------------------------------------------------
    def take(self, bodies: Sequence[bytes]) -> list[int]:
        """Take commands: all that must be kept of them is on disk when this returns, and they may be acked.

        Gives the places of those that can never be understood: they belong to the dead letters.
        """
        self._mind_the_lease()
        accepted: list[str] = []
        refused: list[int] = []
        queries: list[tuple[str, Query]] = []
        with self._journal.together():
            for place, body in enumerate(bodies):
                try:
                    command = unpack(self._seals.open(body), Command)
                    queries.extend(self._one(command))
                    accepted.append(command.server)
                except errors.BadRequest as error:
                    self.refusals.count(error.kind if isinstance(error, Refused) else "malformed", HERE, error.message)
                    refused.append(place)
        for server in accepted:
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
        elif isinstance(body, Lease) and body.lease_seconds <= 0:
            self._fenced()
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
        self._wishes.accept(goal.server, goal.generation)

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
        self._mind_the_lease()
        self._runner.answered(token, outcome)

    def domain_event(self, event: DomainEvent) -> None:
        """Take what happened to a guest by itself; while it is worked on, that work says how it ends.

        Where one thing happened others may have: each event asks for a look at all domains.
        """
        self._mind_the_lease()
        if self._convergence.working(event.server):
            self._suspect.add(event.server)
            return
        self._reporter.ask("states")
        entry = self._journal.entry(event.server)
        if event.lost or event.power in (None, Power.GONE) or entry is None or entry.tombstone:
            return
        if entry.state != "accepted":
            self._drift.power_seen(entry, event.power, event.reason)
            self._convergence.pursue(event.server)

    # ---- time ----------------------------------------------------------------------------------------------
    def tick(self) -> None:
        """Do what is due."""
        self._mind_the_lease()
        self._runner.tick()
        now = self._clock.monotonic()
        if self.epoch is None:
            if self._hello and now >= self._ask_again:
                LOG.warning("no welcome yet; saying hello again")
                self._unanswered += 1
                self.start()
        else:
            if now >= self._next_beat:
                self._next_beat = now + self._settings.heartbeat_seconds
                self._outbox.say(self._standing.beat(self._lanes.stuck()))
            self._start_returning()
        self._look_at_suspects()
        self._reporter.tick()

    def next_due(self) -> float:
        """Give the moment (monotonic seconds) at which ``tick`` has something to do."""
        now = self._clock.monotonic()
        moments = [self._runner.next_due(), self._reporter.next_due()]
        if self.epoch is not None:
            moments += [self._next_beat, self._wishes.next_due()]
        elif self._hello:
            moments.append(self._ask_again)
        return min((at for at in moments if at is not None), default=now + FIRST_PATIENCE)

    def _start_returning(self) -> None:
        """Start the next of those that ran before the host's restart; the restart is over when none is left."""
        turn = self._wishes.release()
        for server in turn:
            self._convergence.pursue(server)
        if turn and not self._wishes.held:
            self._journal.remember("boot", self._identity.boot_id)

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
