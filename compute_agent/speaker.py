"""Publishes what the session says, in a thread of its own, and tells the session what arrived."""

import logging
import queue
import threading

from common import errors
from common.bus.contract import REPORTS, Bus, Outgoing, Publisher
from common.wire import Event, pack
from compute_agent.pauses import Pauses
from compute_agent.session import Session
from compute_agent.session_loop import SessionLoop

LOG = logging.getLogger(__name__)

TICK_SECONDS = 5.0
"""Seconds after which an idle publisher is kept alive."""


class Speaker:
    """One host's voice: one batch at a time. A session that was not heard for a lease has it connect anew.

    :param ended: when to stop.
    """

    def __init__(self, bus: Bus, loop: SessionLoop, ended: threading.Event) -> None:
        self._bus, self._loop, self._ended = bus, loop, ended
        self._outgoing: queue.SimpleQueue[list[Event]] = queue.SimpleQueue()
        self._pauses = Pauses(ended)
        self._publisher: Publisher | None = None
        self._losses = 0
        self._busy = False

    # ---- the loop's side -----------------------------------------------------------------------------------
    def offer(self) -> None:
        """Publish what the session has to say, unless a batch is under way; called by the loop."""
        if not self._busy and (events := self._loop.session.outgoing()):
            self._busy = True
            self._outgoing.put(events)

    def _published(self, session: Session, there: list[Event], back: list[Event]) -> None:
        self._busy = False
        if session is self._loop.session:
            session.confirmed(there)
            session.returned(back)

    # ---- the thread's side ---------------------------------------------------------------------------------
    def stop(self) -> None:
        """Wake the thread for its end."""
        self._outgoing.put([])

    def run(self) -> None:
        """Publish until the end."""
        while not self._ended.is_set():
            if events := self._next():
                self._say(events)
        self._hang_up()

    def _next(self) -> list[Event]:
        try:
            return self._outgoing.get(timeout=TICK_SECONDS)
        except queue.Empty:
            if self._publisher is not None:
                self._publisher.tick()
            return []

    def _say(self, events: list[Event]) -> None:
        session = self._loop.session
        if self._losses != session.losses:
            self._losses = session.losses
            self._hang_up()
        try:
            back = self._publish(events)
        except errors.BusUnavailable as error:
            LOG.info("%d events wait: %s", len(events), error.message)
            back = events
            self._hang_up()
        if back:
            self._pauses.rest()
        else:
            self._pauses.over()
        there = [event for event in events if event not in back]
        self._loop.put(lambda: self._published(session, there, back))

    def _publish(self, events: list[Event]) -> list[Event]:
        """Publish events; give those that did not arrive."""
        self._publisher = self._publisher or self._bus.publisher()
        messages = [Outgoing(REPORTS, f"host.{event.host}.{event.kind}", pack(event)) for event in events]
        returned = set(self._publisher.publish(messages))
        return [event for event, message in zip(events, messages, strict=True) if message in returned]

    def _hang_up(self) -> None:
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None
