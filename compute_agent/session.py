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
from common.wire import Command, Event, Goal, Lease, Query, Stale, Welcome, body_of, unpack
from compute_agent.driver.contract import DomainEvent, Sink
from compute_agent.handshake import FIRST_PATIENCE, Handshake
from compute_agent.happenings import Happenings
from compute_agent.parts import Parts
from compute_agent.questions import Questions
from compute_agent.runner import Outcome
from compute_agent.seals import Seals, keys
from compute_agent.world import World

LOG = logging.getLogger(__name__)

HERE = "the bus"
"""Where refused commands came from, as far as a host can tell."""


class Session:
    """One host's conversation with the controller, and the work that follows from it. Single-threaded.

    :param sink: given to the driver: where it hands what happens to guests, from any thread.
    :param connected: the driver was connected by an earlier session of this process.
    """

    def __init__(self, world: World, sink: Sink, *, connected: bool = False) -> None:
        parts = Parts(world)
        self._host, self._journal, self._lanes = world.identity.host, world.journal, world.lanes
        self._clock, self._settings = world.clock, world.settings
        self._runner, self._outbox, self._reporter = parts.runner, parts.outbox, parts.reporter
        self._wishes, self._convergence, self._drift = parts.wishes, parts.convergence, parts.drift
        self._standing = parts.standing
        self._seals = Seals(keys(self._settings.keys))
        self._handshake = Handshake(world, parts, sink, self._seals.names, connected=connected)
        self._questions = Questions(world.driver, parts.runner, parts.outbox)
        self._happenings = Happenings(world.journal, parts)
        self._next_beat = 0.0
        self.refusals = Refusals(LOG)
        self.losses = 0

    @property
    def connected(self) -> bool:
        """Say whether the driver was connected in this process."""
        return self._handshake.connected

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

    # ---- who may speak -------------------------------------------------------------------------------------
    def start(self) -> None:
        """Look at the host and introduce it. Until it is welcomed, nothing is done and nothing else said."""
        self._standing.end()
        self._reporter.end()
        self._outbox.hush()
        self._convergence.halt()
        self._handshake.begin()

    def _welcome(self, welcome: Welcome) -> None:
        if not self._handshake.answers(welcome):
            if self.epoch is not None and welcome.epoch > self.epoch:
                self._fenced()
            else:
                LOG.info("a welcome to another hello is passed over")
        elif self._handshake.is_late(welcome):  # somebody else may act for this host by now
            LOG.warning("a welcome came after its lease had ended; introducing this host again")
            self.start()
        else:
            self._begin_to_speak(welcome)

    def _begin_to_speak(self, welcome: Welcome) -> None:
        inventory = self._handshake.conclude(welcome)
        self._convergence.go_on()
        self._next_beat = self._clock.monotonic()
        self._reporter.begin(inventory)
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
            self._handshake.again()
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
            self._questions.ask(server, query)
        return refused

    def _one(self, command: Command) -> Iterator[tuple[str, Query]]:
        """Take one command; gives the query that it was, if any."""
        if command.host != self._host:
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

    def answered(self, token: int, outcome: Outcome) -> None:
        """Take the outcome of a call that a lane made."""
        self._mind_the_lease()
        self._runner.answered(token, outcome)

    def domain_event(self, event: DomainEvent) -> None:
        """Take what happened to a guest by itself."""
        self._mind_the_lease()
        self._happenings.take(event)

    # ---- time ----------------------------------------------------------------------------------------------
    def tick(self) -> None:
        """Do what is due."""
        self._mind_the_lease()
        self._runner.tick()
        if self.epoch is None:
            self._ask_again()
        else:
            self._beat()
            self._start_returning()
        self._happenings.tick()
        self._reporter.tick()

    def _ask_again(self) -> None:
        overdue = self._handshake.next_due()
        if overdue is not None and self._clock.monotonic() >= overdue:
            LOG.warning("no welcome yet; saying hello again")
            self._handshake.again()
            self.start()

    def _beat(self) -> None:
        now = self._clock.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + self._settings.heartbeat_seconds
            self._outbox.say(self._standing.beat(self._lanes.stuck()))

    def next_due(self) -> float:
        """Give the moment (monotonic seconds) at which ``tick`` has something to do."""
        now = self._clock.monotonic()
        moments = [self._runner.next_due(), self._reporter.next_due()]
        if self.epoch is not None:
            moments += [self._next_beat, self._wishes.next_due()]
        else:
            moments.append(self._handshake.next_due())
        return min((at for at in moments if at is not None), default=now + FIRST_PATIENCE)

    def _start_returning(self) -> None:
        """Start the next of those that ran before the host's restart; the restart is over when none is left."""
        turn = self._wishes.release()
        for server in turn:
            self._convergence.pursue(server)
        if turn and not self._wishes.held:
            self._handshake.note_boot()

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
