"""A consumer of reports that tells how many came, of which kind, from whom."""

from collections import Counter
from collections.abc import Sequence

from common.bus.contract import Consumer, Delivery
from common.gauges import OTHER, Gauges
from common.wire import EVENTS
from controller.sight import metrics


class SeenConsumer:
    """Hands everything on to another consumer; see ``Consumer``. Host and kind are the routing key's, which the broker
    checks."""

    def __init__(self, consumer: Consumer, gauges: Gauges) -> None:
        self._consumer, self._gauges = consumer, gauges
        self.taken = 0
        """Reports taken so far."""

    def receive(self, timeout: float, limit: int = 256) -> list[Delivery]:
        """Wait for messages."""
        found = self._consumer.receive(timeout, limit)
        if found:
            self._tell(found)
        return found

    def _tell(self, deliveries: Sequence[Delivery]) -> None:
        keys = Counter(delivery.key for delivery in deliveries)
        self.taken += len(deliveries)
        self._gauges.count(metrics.BATCH)
        for key, number in keys.items():
            _, _, tail = key.partition(".")
            host, _, kind = tail.partition(".")
            self._gauges.count(metrics.REPORTS, kind if kind in EVENTS else OTHER, by=number)
            self._gauges.count(metrics.HOST_REPORTS, host, by=number)

    def ack(self, tags: Sequence[int]) -> None:
        """Say that these are dealt with."""
        self._consumer.ack(tags)

    def release(self, tags: Sequence[int]) -> None:
        """Put these back."""
        self._consumer.release(tags)

    def reject(self, tags: Sequence[int]) -> None:
        """Send these to the dead letters."""
        self._consumer.reject(tags)

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()
