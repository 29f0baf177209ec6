"""A store that tells how long its writing transactions take."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from common.clock import Clock
from common.gauges import Gauges
from controller.db.engine import Store, Tx
from controller.sight import metrics


class SeenStore(Store):
    """A ``Store``; ``tx`` is timed whole, with the wait for a connection and the COMMIT."""

    def __init__(self, url: str, pool: int, gauges: Gauges, clock: Clock) -> None:
        super().__init__(url, pool)
        self._gauges, self._clock = gauges, clock

    @property
    def busy(self) -> int:
        """Give how many connections are in use."""
        pool: Any = self.engine.pool  # its base class does not say that it counts
        return int(pool.checkedout())

    @contextmanager
    def tx(self) -> Iterator[Tx]:
        """Open a transaction; see ``Store``."""
        begun = self._clock.monotonic()
        try:
            with super().tx() as tx:
                yield tx
        finally:
            self._gauges.took(metrics.COMMIT, self._clock.monotonic() - begun)
