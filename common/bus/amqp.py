"""The bus over RabbitMQ: quorum queues, publisher confirms, manual acks.

A classic durable queue (a setting, above some thousand hosts) counts no deliveries: there a message that nobody acks
comes again without end, and only ``reject`` sends it to the dead letters.
"""

from collections.abc import Callable
from typing import Any

from common.bus import amqp_topology, names
from common.bus.amqp_consumer import AmqpConsumer
from common.bus.amqp_link import CONNECT_SECONDS, Link
from common.bus.amqp_publisher import AmqpPublisher
from common.bus.contract import DEAD
from common.settings import Bus as BusSettings

DEAD_PREFETCH = 256


class AmqpBus:
    """Opens connections to one broker; each publisher and consumer has its own."""

    def __init__(self, settings: BusSettings) -> None:
        self._settings = settings

    def declare(self) -> None:
        """Make the exchanges and the report and dead-letter queues, where missing.

        :raises BusUnavailable: the broker is away.
        :raises SettingsError: something is there under other arguments.
        """
        self._once(lambda channel: amqp_topology.declare(channel, self._settings))

    def declare_host(self, host: str) -> None:
        """Make one host's command queue, and bind its reports to a report queue.

        :raises BusUnavailable: the broker is away.
        :raises SettingsError: the queue is there under other arguments.
        """
        self._once(lambda channel: amqp_topology.declare_host(channel, self._settings, host))

    def publisher(self) -> AmqpPublisher:
        """Give a publisher, which connects at its first publish."""
        return AmqpPublisher(self._settings)

    def commands(self, host: str, prefetch: int = 32) -> AmqpConsumer:
        """Give a consumer of one host's commands, which connects at its first receive."""
        return self._consumer([names.command_queue(host)], prefetch)

    def reports(self, prefetch: int = 512) -> AmqpConsumer:
        """Give a consumer of all reports, which connects at its first receive."""
        return self._consumer(names.report_queues(self._settings.report_queues), prefetch)

    def dead(self) -> AmqpConsumer:
        """Give a consumer of the dead letters, which connects at its first receive."""
        return self._consumer([DEAD], DEAD_PREFETCH)

    def _consumer(self, queues: list[str], prefetch: int) -> AmqpConsumer:
        return AmqpConsumer(self._settings, queues, prefetch)

    def _once(self, act: Callable[[Any], None]) -> None:
        link = Link(self._settings, act)
        try:
            link.channel(timeout=CONNECT_SECONDS)
        finally:
            link.close()
