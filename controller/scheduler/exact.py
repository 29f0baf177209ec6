"""The scheduler: decides on its mirror of the ledger, one server after another, and claims for all of them at once."""

import threading
from collections import deque
from collections.abc import Collection, Iterator, Sequence

from common import resources
from common.clock import Clock
from common.ids import Ids
from common.model.decision import DecisionRecord
from controller.db import decisions, ledger
from controller.db.engine import Tx
from controller.db.ledger import WHOLE, Claim
from controller.scheduler import claims, guests
from controller.scheduler.contract import Decision
from controller.scheduler.fleet import Fleet
from controller.scheduler.follower import Follower
from controller.scheduler.record import Recorder
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, CellPlace, HostView, Place

OPEN = 4
"""Batches that may be open at once, in several threads: after a rollback the hosts of all of them are read anew."""


class ExactScheduler:
    """A ``Scheduler``. What it decided and has not seen rolled back counts at once, also in other transactions: where
    that was wrong, the ledger's comparison of generations tells."""

    def __init__(self, clock: Clock, ids: Ids, policy: Policy | None = None) -> None:
        self._clock, self._ids = clock, ids
        self._fleet = Fleet(policy or Policy())
        self._follower = Follower(self._fleet, clock)
        self._touched: deque[Collection[str]] = deque(maxlen=OPEN)
        self._deciding = threading.Lock()

    def claim(self, tx: Tx, asks: Sequence[Ask]) -> list[Decision]:
        """Decide one after another, each seeing what the ones before it took; see ``Scheduler``."""
        kept = ledger.claims(tx, [ask.server for ask in asks])
        with self._deciding:
            self._follower.catch_up(tx)
            zones, there = self._follower.zones, guests.reader(tx)
            batch = _Batch(self._fleet, Recorder(self._fleet, self._ids, self._clock.now(), zones, there))
            made = [
                batch.decide(ask)
                if ask.server not in kept
                else Decision(ask.server, kept[ask.server], "it has its claim already")
                for ask in asks
            ]
            hosts = {claim.host for claim in batch.claims}
            self._touched.append(hosts)
            generations = self._follower.generations(hosts)
        ledger.claim(tx, batch.claims, generations)
        decisions.keep(tx, batch.records)
        return made

    def release(self, tx: Tx, servers: Sequence[str]) -> None:
        """Give back all that the ledger shows for these servers; again is harmless."""
        ledger.release(tx, servers)

    def reload(self) -> None:
        """Have the hosts read anew that the last batches claimed: these may have been rolled back."""
        for hosts in self._touched:
            self._follower.doubt(hosts)


class _Batch:
    """What is decided in one call."""

    def __init__(self, fleet: Fleet, recorder: Recorder) -> None:
        self._fleet, self._recorder = fleet, recorder
        self.claims: list[Claim] = []
        self.records: list[DecisionRecord] = []

    def decide(self, ask: Ask) -> Decision:
        """Decide for one server, and take what it gets."""
        place = self._fleet.decide(ask)
        record = self._recorder.record(ask, place)
        self.records.append(record)
        if place:
            self.claims.append(claim(ask, place, self._fleet.view(place.host)))
            self._fleet.commit(ask, place)
        return Decision(ask.server, record.host_id, record.reason, place, record.never)


def claim(ask: Ask, place: Place, host: HostView) -> Claim:
    """Give what a place takes of its host as the ledger writes it."""
    amounts = {(WHOLE, name): amount for name, amount in claims.whole(ask.demand, place, host).items()}
    for cell in place.cells:
        amounts |= {(cell.cell, name): amount for name, amount in _of_cell(cell)}
    cpus = tuple(cpu for cell in place.cells for cpu in (*cell.cpus, *cell.kept))
    return Claim(ask.server, place.host, amounts, cpus, place.devices)


def _of_cell(cell: CellPlace) -> Iterator[tuple[str, int]]:
    if cell.cpus:
        yield resources.PCPU, len(cell.cpus) + len(cell.kept)
    if cell.page_kib:
        yield resources.pages(cell.page_kib), claims.pages(cell.memory_mib, cell.page_kib)
    elif cell.memory_mib:
        yield resources.MEMORY_MB, cell.memory_mib
