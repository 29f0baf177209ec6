"""The turns that a controller's cores take, and who wakes whom.

    relay    publishes the outbox                runner   takes workflows that are ready
    tenure   keeps the leases                    inbox    takes in what hosts report
    watch    notices silent hosts                warden   mutes hosts that say too much
    presence tells the other controllers         copies   fetches images that others hold
    ageing   forgets what is old                 crier    publishes notifications, where they are on
    pulse    notices a database that is silent   bell     is woken by other controllers

A commit wakes whoever has work after it; besides, each looks by itself every ``poll_seconds``. Relay, runner and inbox
give way while clients' changes crowd.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TypeVar

from common import errors
from common.gauges import timed
from common.loop import Loop
from controller.api.image import files
from controller.db.bell import Bell
from controller.service.parts import Parts
from controller.sight import metrics
from controller.workflow.presence import SECONDS as PRESENCE_SECONDS
from controller.workflow.relay import BATCH as RELAYED

LISTEN_SECONDS = 0.5
WATCH_SECONDS = 5.0
WARDEN_SECONDS = 1.0
AGEING_SECONDS = 600.0
COPIES_SECONDS = 5.0
PULSE_SECONDS = 1.0
T = TypeVar("T")


class Turns:
    """A loop for each core that works by itself."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._declared = self._passing_on = False
        self._loops = {loop.name: loop for loop in self._made(parts.settings.controller.poll_seconds)}

    def start(self) -> None:
        """Begin all."""
        for loop in self._loops.values():
            loop.start()

    def stop(self) -> None:
        """End all, each after the turn that is under way."""
        for loop in self._loops.values():
            loop.stop()
        for loop in self._loops.values():
            loop.join()

    def committed(self) -> None:
        """Say that changes were written: there may be something to run."""
        self._passing_on = True
        self._wake("runner")

    def _made(self, poll: float) -> Iterator[Loop]:
        parts = self._parts
        yield Loop("relay", self._giving_way(self._timed("relay", self._relay)), poll)
        yield Loop("runner", self._giving_way(self._timed("runner", self._runner)), poll)
        yield Loop("inbox", self._giving_way(self._inbox), 0.0)
        yield Loop("tenure", self._tenure, parts.settings.controller.scheduler_lease_seconds / 3)
        yield Loop("watch", self._timed("watch", parts.watch.turn), WATCH_SECONDS)
        yield Loop("warden", parts.warden.turn, WARDEN_SECONDS)
        yield Loop("presence", self._presence, PRESENCE_SECONDS)
        yield Loop("copies", self._copies, COPIES_SECONDS)
        yield Loop("ageing", self._timed("ageing", parts.ageing.turn), AGEING_SECONDS)
        if parts.crier:
            yield Loop("crier", parts.crier.turn, poll)
        if parts.pulse:
            yield Loop("pulse", parts.pulse.turn, PULSE_SECONDS)
        if parts.bell:
            yield Loop("bell", partial(self._bell, parts.bell), 0.0)

    def _timed(self, name: str, turn: Callable[[], T]) -> Callable[[], T]:
        return timed(turn, self._parts.exposed.gauges, self._parts.clock, metrics.TURN, name)

    def _giving_way(self, turn: Callable[[], T]) -> Callable[[], T]:
        def turn_after() -> T:
            self._parts.way.give()
            return turn()

        return turn_after

    def _wake(self, *names: str) -> None:
        for name in names:
            self._loops[name].wake()

    def _relay(self) -> bool:
        return self._parts.relay.turn() >= RELAYED

    def _runner(self) -> bool:
        """Let the runner take its turn. The relay follows in any case: a commit without workflows may ask a host."""
        taken = self._parts.runner.turn()
        self._wake("relay")
        if taken or self._passing_on:
            self._pass_on()
        return self._parts.runner.more

    def _pass_on(self) -> None:
        """Wake the controller that may go on with what only the scheduler's holder does."""
        self._passing_on = False
        if self._parts.bell and not self._parts.tenure.holds("scheduler"):
            with suppress(errors.Unavailable):
                self._parts.bell.ring()

    def _inbox(self) -> bool:
        try:
            return self._listen()
        except errors.BusUnavailable:
            self._parts.hearing.lose()
            raise

    def _listen(self) -> bool:
        if not self._declared:
            self._parts.bus.declare()
            self._declared = True
        self._parts.inbox.turn(LISTEN_SECONDS)
        if self._parts.inbox.stirred:
            self._wake("runner", "relay")
        return True

    def _tenure(self) -> bool:
        if self._parts.tenure.turn():
            self._wake("runner")
        return False

    def _bell(self, bell: Bell) -> bool:
        if bell.heard(LISTEN_SECONDS):
            self._wake("runner")
        return True

    def _presence(self) -> bool:
        self._parts.backlog.turn()
        return self._parts.presence.turn()

    def _copies(self) -> bool:
        files.tidy(self._parts.services)
        return self._parts.copies.turn()
