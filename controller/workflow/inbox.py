"""The inbox: reads what hosts report, a batch at a time, and acks it only after the commit."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from common import errors, wire
from common.bus.contract import Consumer
from common.refusals import Refusals
from controller.db import hosts, inbox
from controller.db.engine import Store, Tx
from controller.workflow import desk as desks
from controller.workflow.desk import CarryOn, Desk, Report, is_of_host
from controller.workflow.gate import Gate, Heard
from controller.workflow.liveness import fences
from controller.workflow.reports import HANDLERS, ONCE
from controller.workflow.world import World

LOG = logging.getLogger(__name__)
BATCH = 256


class _Parcel(NamedTuple):
    tag: int
    report: Report
    user: str


class _Batch(NamedTuple):
    """Events that are taken in together; ``runs``: with the workflows that they wake."""

    parcels: list[_Parcel]
    runs: bool = True

    def halves(self) -> list["_Batch"]:
        middle = len(self.parcels) // 2
        return [_Batch(part, self.runs) for part in (self.parcels[:middle], self.parcels[middle:])]


def _ignore() -> None:
    return None


class Inbox:
    """Takes in events. Each ``turn`` is one transaction, and its events are acked after it.

    Events of servers and events of hosts have transactions of their own: the former lock workflows and servers and, by
    the workflows they wake, hosts last; the latter hosts only. So no two ever wait for each other.

    :param consumer: reads the report queues; used by this object alone.
    :param declare: makes a host's command queue (``Bus.declare_host``); called before its welcome can be published.
    :param post: takes commands to publish at once (``Relay.post``).
    :param answered: called after answers to queries were written (``Answers.wake``).
    :param gate: says what is let in.
    :param carry_on: runs the workflows that were woken, in the same transaction; without it the runner does.
    """

    def __init__(
        self,
        store: Store,
        world: World,
        consumer: Consumer,
        declare: Callable[[str], None],
        post: Callable[[Sequence[wire.Command]], None],
        answered: Callable[[], None] = _ignore,
        gate: Gate | None = None,
        carry_on: CarryOn | None = None,
    ) -> None:
        self._store, self._world, self._consumer = store, world, consumer
        self._declare, self._post, self._answered = declare, post, answered
        self._gate = gate or Gate(world.clock, world.settings, Refusals(LOG))
        self._carry_on = carry_on
        self._waiting: deque[_Batch] = deque()
        self.stirred = False
        """Whether the last turn left something to run or to publish."""

    @property
    def refusals(self) -> Refusals:
        """Give what was not let in."""
        return self._gate.refusals

    def turn(self, timeout: float = 0.0) -> int:
        """Take in what has come, or what is left of a batch that broke; says how many events that were.

        :param timeout: seconds to wait for a first event.
        :raises BusUnavailable: the broker is away; what was not acked comes again.
        :raises DatabaseUnavailable: nothing was written; the same events come in the next turn.
        """
        self.stirred = False
        if not self._waiting:
            self._receive(timeout)
        if not self._waiting:
            return 0
        batch = self._waiting.popleft()
        try:
            self._take_in(batch)
        except errors.Contention as error:
            self._put_back(batch)
            LOG.info(
                "a batch of %d events lost against another transaction (%s); at once again", len(batch.parcels), error
            )
        except errors.Unavailable:
            self._put_back(batch)
            raise
        except Exception as error:
            self._world.scheduler.reload()
            self._try_again(batch, error)
        return len(batch.parcels)

    def _put_back(self, batch: _Batch) -> None:
        """Keep a batch for the next turn: nothing later is acked before it."""
        self._world.scheduler.reload()
        self._waiting.appendleft(batch)

    def _receive(self, timeout: float) -> None:
        parcels: list[_Parcel] = []
        unread, unreadable = [], []
        for delivery in self._consumer.receive(timeout, BATCH):
            try:
                if self._gate.unread(delivery):
                    unread.append(delivery.tag)
                else:
                    parcels.append(_Parcel(delivery.tag, self._gate.read(delivery), delivery.user))
            except errors.BadRequest:
                unreadable.append(delivery.tag)
        if unread:
            self._consumer.ack(unread)
        if unreadable:
            self._consumer.reject(unreadable)
        of_servers = [p for p in parcels if not is_of_host(p.report)]
        of_hosts = [p for p in parcels if is_of_host(p.report)]
        self._waiting.extend(_Batch(some) for some in (of_servers, of_hosts) if some)

    def _take_in(self, batch: _Batch) -> None:
        parcels = batch.parcels
        reports = [parcel.report for parcel in parcels]
        for host in self._greeting(reports):
            self._declare(host)
        with self._store.tx() as tx:
            desk = desks.spread(tx, reports)
            desk.commands += fences(reports, desk, self._world)
            current = self._gate.admit(tx, [Heard(p.report, p.user) for p in parcels], desk)
            _handle(tx, current, desk, self._world)
            desk.close(tx, self._world, self._carry_on if batch.runs else None)
        self.stirred = bool(desk.left or desk.again or desk.commands or desk.written)
        for kind, host, why in desk.refused:
            self._gate.refusals.count(kind, host, why)
        self._post(desk.commands)
        if any(event.kind == "answer" for event, _ in reports):
            self._answered()
        self._consumer.ack([parcel.tag for parcel in parcels])

    def _greeting(self, reports: Sequence[Report]) -> list[str]:
        """Give the hosts whose hello may be accepted."""
        greeting = {event.host for event, _ in reports if event.kind == "hello"}
        if greeting and not self._world.settings.controller.auto_enroll:
            with self._store.read() as tx:
                greeting &= hosts.get(tx, greeting).keys()
        return sorted(greeting)

    def _try_again(self, batch: _Batch, error: Exception) -> None:
        """Keep a batch that broke, in halves; one event that breaks goes back, and in the end to the dead letters.

        Before that it is tried without the workflow that it wakes: that one is the runner's to try, and to give up.
        """
        if len(batch.parcels) > 1:
            LOG.info("a batch of %d events broke (%s); trying it in halves", len(batch.parcels), error)
            self._waiting.extendleft(reversed(batch.halves()))
        elif batch.runs and self._carry_on:
            self._waiting.appendleft(_Batch(batch.parcels, runs=False))
        else:
            event = batch.parcels[0].report.event
            LOG.error("event %s %s of host %s broke", event.kind, event.id, event.host, exc_info=error)
            self._consumer.release([batch.parcels[0].tag])


def _handle(tx: Tx, current: Sequence[Report], desk: Desk, world: World) -> None:
    """Let each kind's handler have its events, those that must count once only if they were not seen before."""
    new = inbox.add_new(tx, [r.event for r in current if r.event.kind in ONCE], world.clock.now())
    speaking = {r.event.host for r in current if is_of_host(r) and r.event.host in desk.hosts}
    hosts.heard(tx, speaking, world.clock.now())
    for kind, handler in HANDLERS.items():
        mine = [r for r in current if r.event.kind == kind and (kind not in ONCE or (r.event.id, r.event.host) in new)]
        if mine:
            handler(tx, mine, desk, world)
