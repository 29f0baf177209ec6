"""The inbox: reads what hosts report, a batch at a time, and acks it only after the commit."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from common import errors, wire
from common.bus.contract import Consumer, Delivery
from controller.db import hosts, inbox
from controller.db.engine import Store, Tx
from controller.workflow import desk as desks
from controller.workflow.desk import Desk, Report
from controller.workflow.liveness import fences
from controller.workflow.reports import HANDLERS, ONCE
from controller.workflow.world import World

LOG = logging.getLogger(__name__)
BATCH = 256


class _Parcel(NamedTuple):
    tag: int
    report: Report


def _ignore() -> None:
    return None


class Inbox:
    """Takes in events. Each ``turn`` is one transaction, and its events are acked after it.

    :param consumer: reads the report queues; used by this object alone.
    :param declare: makes a host's command queue (``Bus.declare_host``); called before its welcome can be published.
    :param post: takes commands to publish at once (``Relay.post``).
    :param answered: called after answers to queries were written (``Answers.wake``).
    """

    def __init__(
        self,
        store: Store,
        world: World,
        consumer: Consumer,
        declare: Callable[[str], None],
        post: Callable[[Sequence[wire.Command]], None],
        answered: Callable[[], None] = _ignore,
    ) -> None:
        self._store, self._world, self._consumer = store, world, consumer
        self._declare, self._post, self._answered = declare, post, answered
        self._retries: deque[list[_Parcel]] = deque()

    def turn(self, timeout: float = 0.0) -> int:
        """Take in what has come, or what is left of a batch that broke; says how many events that were.

        :param timeout: seconds to wait for a first event.
        :raises BusUnavailable: the broker is away; what was not acked comes again.
        :raises DatabaseUnavailable: nothing was written; the same events come in the next turn.
        """
        parcels = self._retries.popleft() if self._retries else self._receive(timeout)
        if not parcels:
            return 0
        try:
            self._take_in(parcels)
        except errors.Unavailable:
            self._retries.appendleft(parcels)
            raise
        except Exception as error:
            self._world.scheduler.reload()
            self._try_again(parcels, error)
        return len(parcels)

    def _receive(self, timeout: float) -> list[_Parcel]:
        parcels, unreadable = [], []
        for delivery in self._consumer.receive(timeout, BATCH):
            try:
                parcels.append(_Parcel(delivery.tag, _read(delivery)))
            except errors.BadRequest as error:
                LOG.error("a message from %s goes to the dead letters: %s", delivery.key, error.message)
                unreadable.append(delivery.tag)
        if unreadable:
            self._consumer.reject(unreadable)
        return parcels

    def _take_in(self, parcels: Sequence[_Parcel]) -> None:
        reports = [parcel.report for parcel in parcels]
        for host in self._greeting(reports):
            self._declare(host)
        with self._store.tx() as tx:
            desk = desks.spread(tx, reports)
            desk.commands += fences(reports, desk, self._world)
            _handle(tx, reports, desk, self._world)
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

    def _try_again(self, parcels: list[_Parcel], error: Exception) -> None:
        """Keep a batch that broke, in halves; one event that breaks goes back, and in the end to the dead letters."""
        if len(parcels) > 1:
            LOG.info("a batch of %d events broke (%s); trying it in halves", len(parcels), error)
            middle = len(parcels) // 2
            self._retries.extendleft([parcels[middle:], parcels[:middle]])
        else:
            event = parcels[0].report.event
            LOG.error("event %s %s of host %s broke", event.kind, event.id, event.host, exc_info=error)
            self._consumer.release([parcels[0].tag])


def _read(delivery: Delivery) -> Report:
    event = wire.unpack(delivery.body, wire.Event)
    if delivery.key != f"host.{event.host}.{event.kind}":
        raise errors.BadRequest(f"it says to be {event.kind} of host {event.host}")
    return Report(event, wire.body_of(event))


def _handle(tx: Tx, reports: Sequence[Report], desk: Desk, world: World) -> None:
    """Let each kind's handler have its events: current ones, of their own servers, not seen before."""
    current = [r for r in reports if _is_current(r.event, desk) and desk.owns(r.event)]
    new = inbox.add_new(tx, [r.event for r in current if r.event.kind in ONCE], world.clock.now())
    hosts.heard(tx, {r.event.host for r in current if r.event.host in desk.hosts}, world.clock.now())
    for kind, handler in HANDLERS.items():
        mine = [r for r in current if r.event.kind == kind and (kind not in ONCE or r.event.id in new)]
        if mine:
            handler(tx, mine, desk, world)
    desk.close(tx, world)


def _is_current(event: wire.Event, desk: Desk) -> bool:
    """Say whether a host still speaks under its newest epoch; a hello is how it gets one."""
    host = desk.hosts.get(event.host)
    return event.kind == "hello" or (host is not None and host.epoch == event.host_epoch)
