"""Brings servers to the goals in the journal: one operation at a time for each, the newest goal winning.

A newer goal ends the older one's operation at its next step. What fails is tried again after a growing pause, then
reported; what can never work is reported at once. The journal is told before the controller is, in one write.

Once the host may not speak any more, no step is begun: another process, or another host, may act for it by then. What
was under way is taken up after the next welcome, where it left off.
"""

import logging
from functools import partial
from typing import TypeVar

import msgspec

from common import errors, logs
from common.backoff import backoff
from common.states import Power
from common.wire import Failed, Goal, PowerSeen, Settled
from compute_agent.commands import Terms, converge
from compute_agent.journal import Entry
from compute_agent.operation import Operation, Pause
from compute_agent.outbox import Outbox
from compute_agent.runner import Outcome, Runner
from compute_agent.took import Took
from compute_agent.wishes import Wishes
from compute_agent.world import World

LOG = logging.getLogger(__name__)
LONGEST_PAUSE = 60.0
Outcomes = TypeVar("Outcomes", Settled, Failed)

BACK = "again"
"""The note of a server that its host brought back to its goal by itself: why it had to."""


class Work(msgspec.Struct):
    """An operation under way for one server's generation. ``tries``: why earlier tries failed."""

    generation: int
    took: Took
    tries: list[str] = []
    number: int = 0
    superseded: bool = False


class Convergence:
    """The servers of one host on their way to their goals."""

    def __init__(self, world: World, runner: Runner, outbox: Outbox, wishes: Wishes) -> None:
        self._journal, self._driver, self._settings = world.journal, world.driver, world.settings
        self._clock = world.clock
        self._runner, self._outbox, self._wishes = runner, outbox, wishes
        self._working: dict[str, Work] = {}
        self._changes: dict[str, int] = {}
        self._why: dict[str, str] = {}
        self._now = 0
        self._halted = True

    # ---- what is being done --------------------------------------------------------------------------------
    def moment(self) -> int:
        """Give a mark in the order of changes, for ``unsure``."""
        self._now += 1
        return self._now

    def unsure(self, since: int) -> frozenset[str]:
        """Name the servers that were worked on after ``since``: a look at the host begun then may be out of date."""
        changed = {server for server, at in self._changes.items() if at > since}
        return frozenset(changed | set(self._working))

    def working(self, server: str) -> bool:
        """Say whether something is being done with a server."""
        return server in self._working

    def pursue(self, server: str) -> None:
        """Work on a server's journalled goal, unless it is reached, given up, not wanted, or being worked on."""
        entry = self._journal.entry(server)
        if self._halted or entry is None or entry.state != "accepted" or not self._wishes.stands(entry):
            return
        work = self._working.get(server)
        if work is None:
            self._begin(entry)
        elif work.generation != entry.goal.generation and not work.superseded:
            work.superseded = True
            self._runner.stop(work.number, partial(self._next, server))

    def halt(self) -> None:
        """Begin no step more. A call under way ends in its own time; its operation begins anew after ``go_on``."""
        self._halted = True
        for server, work in list(self._working.items()):
            if not work.superseded:
                work.superseded = True
                self._runner.stop(work.number, partial(self._next, server))

    def go_on(self) -> None:
        """Work again."""
        self._halted = False

    def _begin(self, entry: Entry) -> None:
        server = entry.goal.server
        work = self._working[server] = Work(entry.goal.generation, Took(self._clock))
        LOG.info("server %s: to be %s at generation %d", server, entry.goal.power, entry.goal.generation)
        operation = self._patiently(server, work)
        with logs.request(entry.request_id):
            work.number = self._runner.begin(
                f"server:{server}", operation, lambda outcome: self._ended(server, outcome)
            )

    def _next(self, server: str) -> None:
        self._changes[server] = self.moment()
        del self._working[server]
        self.pursue(server)

    def _patiently(self, server: str, work: Work) -> Operation[Settled]:
        """Converge, again and again where that may help. Each time by the journal: a repeat may bring a fresh URL."""
        for attempt in range(1, self._settings.tries + 1):
            entry = self._journal.entry(server)
            assert entry is not None
            try:
                settled = yield from work.took.measured(converge(self._driver, entry.goal, self._terms(entry)))
            except errors.BadRequest:
                raise
            except Exception as error:
                if attempt == self._settings.tries:
                    raise
                LOG.warning("server %s, generation %d, try %d: %s", server, work.generation, attempt, error)
                work.tries.append(_failed(error).reason)
                yield Pause(backoff(attempt, LONGEST_PAUSE))
            else:
                return settled
        raise errors.SettingsError("[agent] tries must be at least 1")

    def _terms(self, entry: Entry) -> Terms:
        server = entry.goal.server

        def restarted() -> None:
            now = self._journal.entry(server)
            assert now is not None
            if now.goal.generation == entry.goal.generation:
                self._journal.write(msgspec.structs.replace(now, restarted=True))

        return Terms(
            self._settings.shutdown_seconds,
            None if entry.restarted else entry.goal.restart,
            restarted,
            lambda network: self._network_used(network, server),
        )

    def _network_used(self, network: str, but: str) -> bool:
        others = (goal for goal in self._journal.goals() if goal.server != but and goal.power is not Power.GONE)
        return any(port.network.id == network for goal in others for port in goal.ports)

    def _ended(self, server: str, outcome: Outcome) -> None:
        work = self._working.pop(server)
        self._changes[server] = self.moment()
        entry = self._journal.entry(server)
        assert entry is not None
        if entry.goal.generation != work.generation:
            self.pursue(server)
        elif outcome.error is None:
            self._settle(entry, _told(outcome.value, work))
        else:
            LOG.debug("the failure of server %s", server, exc_info=outcome.error)
            self._fail(entry, _told(_failed(outcome.error), work))

    def _settle(self, entry: Entry, settled: Settled) -> None:
        LOG.info("server %s: is %s at generation %d", entry.goal.server, settled.power, entry.goal.generation)
        # kept in the goal too: should the domain be lost, it is authored again with the same hardware
        goal = msgspec.structs.replace(entry.goal, hardware=settled.hardware or entry.goal.hardware)
        if why := self._why.pop(entry.goal.server, ""):
            settled = msgspec.structs.replace(settled, notes=settled.notes | {BACK: why})
        self._conclude(
            msgspec.structs.replace(entry, goal=goal, state="settled", settled=settled, failed=None, seen=settled.power)
        )

    def _fail(self, entry: Entry, failed: Failed) -> None:
        LOG.error("server %s: generation %d failed: %s", entry.goal.server, entry.goal.generation, failed.reason)
        self._conclude(msgspec.structs.replace(entry, state="failed", settled=None, failed=failed))

    def _conclude(self, entry: Entry) -> None:
        with self._journal.together():
            self._journal.write(entry)
            self.tell(entry)

    # ---- what was wished -----------------------------------------------------------------------------------
    def tell(self, entry: Entry) -> None:
        """Say how a concluded goal ended (again)."""
        body = entry.settled or entry.failed
        assert body is not None
        self._outbox.say(body, entry.goal.server, entry.goal.generation, entry.request_id)

    def accept(self, goal: Goal, request_id: str) -> None:
        """Journal a goal that came. An older one is dropped; one that was concluded is answered again.

        What could not be removed is tried again each time that it is asked for: nobody else ever will.
        """
        entry = self._journal.entry(goal.server)
        if entry is None or entry.goal.generation < goal.generation:
            self._journal.write(_newer(goal, request_id, entry))
        elif entry.goal.generation > goal.generation:
            LOG.info("server %s: generation %d is older than what is known", goal.server, goal.generation)
        elif entry.state == "accepted":
            self._journal.write(msgspec.structs.replace(entry, goal=goal))
        elif entry.state == "failed" and goal.power is Power.GONE:
            self._journal.write(msgspec.structs.replace(entry, state="accepted", failed=None))
        else:
            self.tell(entry)

    def reopen(self, entry: Entry, why: str) -> None:
        """Journal that a concluded goal is to be reached again; ``why`` is told with its outcome."""
        self._why[entry.goal.server] = why
        self._journal.write(msgspec.structs.replace(entry, state="accepted", settled=None, failed=None))

    def power_seen(self, entry: Entry, power: Power, reason: str) -> None:
        """Tell that a guest's power changed by itself, once for each change."""
        if entry.seen is power:
            return
        LOG.warning("server %s: is %s by itself: %s", entry.goal.server, power, reason)
        self._changes[entry.goal.server] = self.moment()
        with self._journal.together():
            self._journal.write(msgspec.structs.replace(entry, seen=power))
            body = PowerSeen(power=power, reason=reason)
            self._outbox.say(body, entry.goal.server, entry.goal.generation)


def _failed(error: Exception) -> Failed:
    if isinstance(error, errors.ToftError):
        return Failed(code=error.code, reason=error.message)
    return Failed(code="internal", reason=f"the agent's driver broke: {type(error).__name__}: {error}")


def _told(outcome: Outcomes, work: Work) -> Outcomes:
    """Add what was done and how long it took."""
    return msgspec.structs.replace(outcome, took=work.took.told(), tries=tuple(work.tries))


def _newer(goal: Goal, request_id: str, before: Entry | None) -> Entry:
    """Make the entry of a new goal. A wish to be gone may come without ports: those of before must be unbound."""
    if before is not None and goal.power is Power.GONE and not goal.ports:
        goal = msgspec.structs.replace(goal, ports=before.goal.ports)
    return Entry(goal=goal, seen=before.seen if before else None, request_id=request_id)
