"""The simple scheduler: reads all hosts at each batch, asks every filter, takes the best fit."""

from collections.abc import Sequence
from datetime import datetime

from common.clock import Clock
from common.ids import Ids
from common.model.decision import DecisionRecord
from controller.db import decisions, ledger, tables
from controller.db.engine import Tx
from controller.db.ledger import Claim
from controller.scheduler import explain
from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask, Decision


class SimpleScheduler:
    """A ``Scheduler`` that remembers nothing between two calls."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock, self._ids = clock, ids

    def claim(self, tx: Tx, asks: Sequence[Ask]) -> list[Decision]:
        """Decide one after another, each seeing what the ones before it took; see ``Scheduler``."""
        kept = ledger.claims(tx, [ask.server for ask in asks])
        now = self._clock.now()
        hosts = [Candidate(shelf, now) for shelf in ledger.shelves(tx)]
        generations = {host.shelf.id: host.shelf.generation for host in hosts}
        claims: list[Claim] = []
        records = {ask.server: self._decide(ask, hosts, claims, now) for ask in asks if ask.server not in kept}
        ledger.claim(tx, claims, generations)
        tx.change(tables.server, [{"id": claim.server, "host_id": claim.host} for claim in claims])
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
        """Do nothing: nothing is remembered."""

    def _decide(self, ask: Ask, hosts: Sequence[Candidate], claims: list[Claim], now: datetime) -> DecisionRecord:
        """Decide for one server, and add its claim."""
        judged = [(host, explain.reasons(host, ask)) for host in hosts]
        best = sorted((host for host, why in judged if not why), key=lambda host: _score(host, ask))
        scores = {host.name: round(host.left(ask), 4) for host in best[: explain.NEAR]}
        if best:
            amounts = best[0].claimed(ask)
            best[0].take(amounts)
            claims.append(Claim(ask.server, best[0].shelf.id, amounts))
        return DecisionRecord(
            id=self._ids(),
            server_id=ask.server,
            at=now,
            host_id=best[0].shelf.id if best else None,
            reason=f"best fit of {len(best)} among {len(hosts)}" if best else explain.no_valid_host(judged, ask),
            hosts=len(hosts),
            fallen=explain.fallen(judged),
            near=explain.near_misses(judged, ask),
            scores=scores,
        )


def _score(host: Candidate, ask: Ask) -> tuple[bool, float, str]:
    """Order hosts: used ones first, then the one that is left with least, then by name."""
    return not host.in_use, host.left(ask), host.name
