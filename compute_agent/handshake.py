"""How a host is let in: it looks at what it has, says hello, and is welcomed under a new epoch.

begin -> look at the host -> hello -> welcome
  ^------------ no answer in time -----'
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from common import errors
from common.wire import Hello, Inventory, Welcome
from compute_agent.driver.contract import Sink
from compute_agent.operation import Operation, Pause, do
from compute_agent.parts import Parts
from compute_agent.reporter import Look, look
from compute_agent.resources.report import present
from compute_agent.runner import Outcome
from compute_agent.world import World

LOG = logging.getLogger(__name__)

FIRST_PATIENCE, LONGEST_PATIENCE = 30.0, 300.0
"""Seconds that a hello waits for its welcome before another is said: doubled each time, up to the longest."""

CONNECT_SECONDS = 120.0
"""Deadline of connecting: a driver may have to prove what its host can do."""

HYPERVISOR_SECONDS = 10.0
"""Pause between attempts to reach the hypervisor."""

UNFINISHED = "unfinished"
"""The boot id that is remembered until all guests of before the host's restart had their turn: an agent that is killed
meanwhile takes it for a restart again."""


class Seen(NamedTuple):
    """What a hello tells: all domains, and the host itself."""

    look: Look
    inventory: Inventory


class Handshake:
    """One host's hellos and welcomes.

    :param sink: given to the driver: where it hands what happens to guests, from any thread.
    :param keys: the names of the keys that commands may be signed with.
    :param connected: the driver was connected by an earlier session of this process.
    """

    def __init__(self, world: World, parts: Parts, sink: Sink, keys: Sequence[str], *, connected: bool) -> None:
        self._identity, self._journal = world.identity, world.journal
        self._driver, self._lanes = world.driver, world.lanes
        self._clock, self._ids, self._sink, self._keys = world.clock, world.ids, sink, tuple(keys)
        self._runner, self._outbox, self._pace, self._standing = parts.runner, parts.outbox, parts.pace, parts.standing
        self._convergence, self._drift, self._wishes = parts.convergence, parts.drift, parts.wishes
        self.connected = connected
        self._hello = ""
        self._asked = self._ask_again = 0.0
        self._patience, self._unanswered = FIRST_PATIENCE, 0
        self._seen: Seen | None = None

    def begin(self) -> None:
        """Look at the host and introduce it."""
        self._hello, self._ask_again = "", 0.0
        self._runner.begin("report:hello", self._opening(), self._introduce)

    def again(self) -> None:
        """Note that the last one came to nothing: the next hello says so."""
        self._unanswered += 1

    def next_due(self) -> float | None:
        """Give the moment (monotonic seconds) at which the hello has waited long enough; None before it is said."""
        return self._ask_again if self._hello else None

    # ---- hello ---------------------------------------------------------------------------------------------
    def _opening(self) -> Operation[Seen]:
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
                return Seen(seen, inventory)

    def _introduce(self, outcome: Outcome) -> None:
        if outcome.error is not None:
            raise outcome.error
        seen: Seen = outcome.value
        self._seen = seen
        self._hello = self._ids()
        self._asked = self._clock.monotonic()
        self._ask_again = self._asked + self._pace.about(self._patience)
        self._patience = min(LONGEST_PATIENCE, self._patience * 2)
        self._outbox.say(self._said(seen))
        domains = len(seen.look.listing.present)
        LOG.info("hello from host %s (%s): %d domains", self._identity.name, self._identity.host, domains)

    def _said(self, seen: Seen) -> Hello:
        listing, unsure = seen.look.listing, self._convergence.unsure(seen.look.since)
        return Hello(
            id=self._hello,
            name=self._identity.name,
            boot_id=self._identity.boot_id,
            version=self._identity.version,
            features=tuple(sorted(self._driver.features)),
            inventory=seen.inventory,
            present=present(listing, self._journal.living(), unsure, self._lanes.stuck()),
            strangers=listing.strangers,
            keys=self._keys,
            copies=dict(listing.copies),
            leftovers=self._drift.leftovers(listing, unsure),
            unanswered=self._unanswered,
            began=self._identity.began,
        )

    # ---- welcome -------------------------------------------------------------------------------------------
    def answers(self, welcome: Welcome) -> bool:
        """Say whether a welcome is to the last hello."""
        return bool(self._hello) and welcome.hello == self._hello

    def is_late(self, welcome: Welcome) -> bool:
        """Say whether the lease of a welcome to the last hello has ended before it came."""
        return self._clock.monotonic() >= self._asked + welcome.lease_seconds

    def conclude(self, welcome: Welcome) -> Inventory:
        """Begin to speak under a welcome to the last hello, and heed what it wants; gives what the hello told of
        the host."""
        last = int(self._journal.fact("epoch") or 0)
        if welcome.epoch <= last:
            LOG.error("welcomed under epoch %d after %d: was the controller's database set back?", welcome.epoch, last)
        assert self._seen is not None, "a hello tells what was seen"
        (since, listing), inventory = self._seen
        rebooted = self._journal.fact("boot") not in ("", self._identity.boot_id)
        self._standing.begin(welcome, self._asked)
        self._drift.heed(welcome.wanted, listing, self._convergence.unsure(since), rebooted=rebooted)
        self._journal.remember("epoch", str(welcome.epoch))
        self.note_boot()
        self._hello, self._seen = "", None
        self._patience, self._unanswered = FIRST_PATIENCE, 0
        LOG.info("welcomed under epoch %d; %d servers wanted", welcome.epoch, len(welcome.wanted))
        return inventory

    def note_boot(self) -> None:
        """Remember this boot, once no guest of before the host's restart waits for its turn."""
        self._journal.remember("boot", self._identity.boot_id if not self._wishes.held else UNFINISHED)
