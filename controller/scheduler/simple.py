"""The simple scheduler: asks every filter about every host, and takes the best fit."""

from collections.abc import Sequence
from datetime import datetime

from common.clock import Clock
from common.ids import Ids
from common.model.decision import DecisionRecord
from controller.db import decisions, ledger
from controller.db.engine import Tx
from controller.db.ledger import Claim, Shelf
from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask, Decision
from controller.scheduler.judged import Judged, shape


class SimpleScheduler:
    """A ``Scheduler``: it reads all hosts for each batch, and the ledger compares them when the claims are written."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock, self._ids = clock, ids

    def claim(self, tx: Tx, asks: Sequence[Ask]) -> list[Decision]:
        """Decide one after another, each seeing what the ones before it took; see ``Scheduler``."""
        kept = ledger.claims(tx, [ask.server for ask in asks])
        new = [ask for ask in asks if ask.server not in kept]
        hosts = sorted(ledger.shelves(tx, ledger.news(tx).hosts), key=lambda host: host.name)
        batch = _Batch(hosts, self._clock.now(), self._ids)
        records = {ask.server: batch.decide(ask) for ask in new}
        ledger.claim(tx, batch.claims, batch.generations())
        decisions.keep(tx, list(records.values()))
        return [
            Decision(ask.server, kept[ask.server], "it has its claim already")
            if ask.server in kept
            else Decision(ask.server, records[ask.server].host_id, records[ask.server].reason)
            for ask in asks
        ]

    def release(self, tx: Tx, servers: Sequence[str]) -> None:
        """Give back all that the ledger shows for these servers; again is harmless."""
        ledger.release(tx, servers)

    def reload(self) -> None:
        """Nothing is remembered."""


class _Batch:
    """What is decided in one call."""

    def __init__(self, shelves: Sequence[Shelf], now: datetime, ids: Ids) -> None:
        self._now, self._ids = now, ids
        self._hosts = [Candidate(shelf, now) for shelf in shelves]
        self._views: dict[object, Judged] = {}
        self.claims: list[Claim] = []

    def decide(self, ask: Ask) -> DecisionRecord:
        """Decide for one server, and add its claim."""
        view = self._views.get(shape(ask)) or self._view(ask)
        best, fitting = view.best, view.fitting
        fallen, near = view.others()
        record = DecisionRecord(
            id=self._ids(),
            server_id=ask.server,
            at=self._now,
            host_id=best[0].shelf.id if best else None,
            reason=f"best fit of {fitting} among {len(self._hosts)}" if best else view.no_valid_host(),
            hosts=len(self._hosts),
            fallen=fallen,
            near=near,
            scores={host.name: round(host.left(ask), 4) for host in best},
        )
        if best:
            self._take(best[0], ask)
        return record

    def _view(self, ask: Ask) -> Judged:
        made = self._views[shape(ask)] = Judged(self._hosts, ask)
        return made

    def _take(self, host: Candidate, ask: Ask) -> None:
        amounts = host.claimed(ask)
        host.take(amounts)
        whole = {(ledger.WHOLE, name): amount for name, amount in amounts.items()}
        self.claims.append(Claim(ask.server, host.shelf.id, whole))
        for view in self._views.values():
            view.judge(host)

    def generations(self) -> dict[str, int]:
        """Give the generations that the decisions stand on."""
        return {host.shelf.id: host.shelf.generation for host in self._hosts}
