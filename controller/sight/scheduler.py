"""A scheduler that tells how long its decisions take."""

from collections.abc import Collection, Sequence

from common.clock import Clock
from common.gauges import Gauges
from controller.db.engine import Tx
from controller.scheduler.contract import Decision, Scheduler
from controller.scheduler.terms import Ask
from controller.sight import metrics


class SeenScheduler:
    """Hands everything on to another scheduler; see ``Scheduler``."""

    def __init__(self, scheduler: Scheduler, gauges: Gauges, clock: Clock) -> None:
        self._scheduler, self._gauges, self._clock = scheduler, gauges, clock

    def claim(self, tx: Tx, asks: Sequence[Ask]) -> list[Decision]:
        """Pick a host for each."""
        begun = self._clock.monotonic()
        decisions = self._scheduler.claim(tx, asks)
        self._gauges.took(metrics.DECISION, self._clock.monotonic() - begun)
        placed = sum(decision.host is not None for decision in decisions)
        self._gauges.count(metrics.DECIDED, "placed", by=placed)
        self._gauges.count(metrics.DECIDED, "no host", by=len(decisions) - placed)
        return decisions

    def release(self, tx: Tx, servers: Sequence[str]) -> None:
        """Give back all that the ledger shows for these servers."""
        self._scheduler.release(tx, servers)

    def reload(self) -> None:
        """Forget what is remembered."""
        self._scheduler.reload()

    def own(self, shards: Collection[int]) -> None:
        """Take note of the shards that this controller writes."""
        self._scheduler.own(shards)
