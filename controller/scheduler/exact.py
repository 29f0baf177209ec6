"""The scheduler: decides on its mirror of the ledger, one server after another, and claims for all of them at once."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence

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

    def __init__(
        self, clock: Clock, ids: Ids, policy: Policy | None = None, follows: Callable[[str], bool] = lambda _: True
    ) -> None:
        self._clock, self._ids = clock, ids
        self._fleet = Fleet(policy or Policy())
        self._follower = Follower(self._fleet, clock, follows)
        self._touched: deque[Collection[str]] = deque(maxlen=OPEN)
        self._deciding = threading.Lock()

    def claim(self, tx: Tx, asks: Sequence[Ask]) -> list[Decision]:
        """Decide one after another, each seeing what the ones before it took; see ``Scheduler``."""
        kept = ledger.claims(tx, [ask.server for ask in asks])
        made = self.place(tx, [ask for ask in asks if ask.server not in kept])
        return [made.get(ask.server) or already(ask.server, kept[ask.server]) for ask in asks]

    def place(self, tx: Tx, asks: Sequence[Ask], insist: bool = True) -> dict[str, Decision]:
        """Decide for servers that have no claim yet, by server.

        :param insist: say of those that find no host why; else they are left out, and nothing is written of them.
        """
        with self._deciding:
            self._follower.catch_up(tx)
            zones, there = self._follower.zones, guests.reader(tx)
            batch = _Batch(self._fleet, Recorder(self._fleet, self._ids, self._clock.now(), zones, there))
            made = [batch.decide(ask, insist) for ask in asks]
            hosts = {claim.host for claim in batch.claims}
            self._touched.append(hosts)
            generations = self._follower.generations(hosts)
        ledger.claim(tx, batch.claims, generations)
        decisions.keep(tx, batch.records)
        return {decision.server: decision for decision in made if decision}

    def release(self, tx: Tx, servers: Sequence[str]) -> None:
        """Give back all that the ledger shows for these servers; again is harmless."""
        ledger.release(tx, servers)

    def reload(self) -> None:
        """Have the hosts read anew that the last batches claimed: these may have been rolled back."""
        self.doubt(self.touched())

    def touched(self) -> set[str]:
        """Give the hosts that the last batches claimed."""
        with self._deciding:
            return set().union(*self._touched)

    def doubt(self, hosts: Collection[str]) -> None:
        """Have these hosts read anew."""
        with self._deciding:
            self._follower.doubt(hosts)

    def own(self, shards: Collection[int]) -> None:
        """Take note of the shards that this controller writes: it sees all hosts anyway."""

    def begin_anew(self) -> None:
        """Forget all hosts: others than before are followed."""
        with self._deciding:
            self._follower.begin_anew()


def already(server: str, host: str) -> Decision:
    """Give the decision for a server that has its claim."""
    return Decision(server, host, "it has its claim already")


class _Batch:
    """What is decided in one call."""

    def __init__(self, fleet: Fleet, recorder: Recorder) -> None:
        self._fleet, self._recorder = fleet, recorder
        self.claims: list[Claim] = []
        self.records: list[DecisionRecord] = []

    def decide(self, ask: Ask, insist: bool) -> Decision | None:
        """Decide for one server, and take what it gets; None: no host, and nobody insists on knowing why."""
        place = self._fleet.decide(ask)
        if place is None and not insist:
            return None
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
