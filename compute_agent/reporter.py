"""Tells the controller what the host has and what its guests do, each at its own pace, in lanes of their own.

states      every ``states_seconds``, and at once when events may have been missed; drift is judged on the way
inventory   when it changed, and every ``inventory_seconds``
usage       every ``usage_seconds``
chores      every ``chores_seconds``; nothing is told
"""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from common.wire import Inventory, States, Usage
from compute_agent.chores import Chores
from compute_agent.converge import Convergence
from compute_agent.drift import Drift
from compute_agent.driver.contract import Driver, Listing
from compute_agent.operation import Operation, do
from compute_agent.outbox import Outbox
from compute_agent.pace import Pace
from compute_agent.resources.report import present
from compute_agent.runner import Outcome, Runner
from compute_agent.world import World

LOG = logging.getLogger(__name__)

SPACING_SECONDS = 2.0
"""Between looks that are asked for: a storm of events makes one of them, not one for each."""


class Duty(NamedTuple):
    """Something that is looked at every so many seconds."""

    every: float
    look: Callable[[], Operation[Any]]
    tell: Callable[[Any], None]


class Look(NamedTuple):
    """All domains, and the mark in the order of changes at which the look began."""

    since: int
    listing: Listing


def look(driver: Driver, convergence: Convergence) -> Operation[Look]:
    """Look at all domains."""
    since = convergence.moment()
    listing = yield from do(driver.listing)
    return Look(since, listing)


class Reporter:
    """Looks and tells while the host is welcome; ``tick`` begins what is due."""

    def __init__(
        self, world: World, runner: Runner, outbox: Outbox, convergence: Convergence, drift: Drift, pace: Pace
    ) -> None:
        self._journal, self._lanes, self._clock, self._pace = world.journal, world.lanes, world.clock, pace
        self._runner, self._outbox, self._convergence, self._drift = runner, outbox, convergence, drift
        driver, settings = world.driver, world.settings
        self._driver = driver
        self._inventory: Inventory | None = None
        self._inventory_seconds, self._inventory_told = settings.inventory_seconds, 0.0
        self._duties = {
            "states": Duty(settings.states_seconds, lambda: look(driver, convergence), self._states),
            "inventory": Duty(
                min(settings.states_seconds, settings.inventory_seconds), lambda: do(driver.inventory), self._changed
            ),
            "usage": Duty(settings.usage_seconds, lambda: do(driver.usage), self._usage),
            "chores": Duty(settings.chores_seconds, Chores(world, lambda: bool(self._due)).round, lambda done: None),
        }
        self._due: dict[str, float] = {}
        self._begun: dict[str, float] = {}
        self._looking: set[str] = set()
        self.strangers = 0
        """Domains, and files of servers, that are none of ours, at the last look."""

    def begin(self, inventory: Inventory) -> None:
        """Begin to report; ``inventory`` was told already."""
        now = self._clock.monotonic()
        self._inventory, self._inventory_told = inventory, now
        self._due = {name: now + self._pace.about(duty.every) for name, duty in self._duties.items()}
        self._due["usage"] = now

    def end(self) -> None:
        """Report nothing until the next ``begin``."""
        self._due.clear()

    def ask(self, name: str) -> None:
        """Have this looked at with the next tick, or a little later if that was done just now."""
        if name in self._due:
            soon = max(self._clock.monotonic(), self._begun.get(name, -SPACING_SECONDS) + SPACING_SECONDS)
            self._due[name] = min(self._due[name], soon)

    def next_due(self) -> float | None:
        """Give the moment (monotonic seconds) of the next look."""
        return min((at for name, at in self._due.items() if name not in self._looking), default=None)

    def tick(self) -> None:
        """Begin the looks that are due; one at a time of each."""
        now = self._clock.monotonic()
        for name, at in list(self._due.items()):
            if at <= now and name not in self._looking:
                self._due[name] = now + self._pace.about(self._duties[name].every)
                self._begun[name] = now
                self._looking.add(name)
                self._begin(name, self._duties[name])

    def _begin(self, name: str, duty: Duty) -> None:
        def done(outcome: Outcome) -> None:
            self._looking.discard(name)
            if outcome.error is not None:
                LOG.warning("no report of %s: %s", name, outcome.error)
            elif self._due:
                duty.tell(outcome.value)

        self._runner.begin(f"report:{name}", duty.look(), done)

    def _states(self, seen: Look) -> None:
        unsure = self._convergence.unsure(seen.since)
        with self._journal.together():
            self._drift.compare(seen.listing, unsure)
        waiting = {f"server:{server}": why for server, why in self._drift.waiting.items()}
        lines = present(seen.listing, self._journal.living(), unsure, self._lanes.stuck() | waiting)
        listing = seen.listing
        leftovers = self._drift.leftovers(listing, unsure)
        self.strangers = len(listing.strangers) + len(leftovers)
        copies = dict(listing.copies)
        self._outbox.say(States(present=lines, strangers=listing.strangers, copies=copies, leftovers=leftovers))
        for server in self._drift.open():
            self._convergence.pursue(server)

    def _changed(self, inventory: Inventory) -> None:
        now = self._clock.monotonic()
        due = now - self._inventory_told >= self._inventory_seconds
        if due or self._inventory is None or _lasting(inventory) != _lasting(self._inventory):
            self._inventory, self._inventory_told = inventory, now
            self._outbox.say(inventory)

    def _usage(self, usage: Usage) -> None:
        self._outbox.say(usage)


def _lasting(inventory: Inventory) -> Inventory:
    """Leave out what changes all the time."""
    return msgspec.structs.replace(inventory, disk_free_gib=0)
