"""Reading queues with manual acks: frames are collected while the caller waits, then handed out."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from common.bus.amqp_link import Link
from common.bus.contract import Delivery
from common.settings import Bus as BusSettings

GENERATION_BITS = 48
"""A tag is the broker's number on this channel, below the number of the connection it came over."""


class AmqpConsumer:
    """A connection that reads some queues, each with its share of the prefetch."""

    def __init__(self, settings: BusSettings, queues: Sequence[str], prefetch: int) -> None:
        self._queues = list(queues)
        self._prefetch = max(1, prefetch // len(self._queues))
        self._arrived: deque[Delivery] = deque()
        self._held: set[int] = set()
        self._link = Link(settings, self._prepare)

    def receive(self, timeout: float, limit: int = 256) -> list[Delivery]:
        """Wait up to ``timeout`` seconds for a first message, then give all that are there, up to ``limit``.

        :raises BusUnavailable: the broker is away, or a queue is not declared yet; call again.
        """
        deadline = time.monotonic() + timeout
        self._link.channel(timeout)
        with self._link.guarded():
            self._collect(deadline, limit)
        taken = [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]
        self._held.update(delivery.tag for delivery in taken)
        return taken

    def ack(self, tags: Sequence[int]) -> None:
        """Say that these are dealt with. Tags from before a reconnect are passed over: those come again.

        :raises BusUnavailable: the broker is away; they come again.
        """
        self._settle(tags, lambda channel, number: channel.basic_ack(number))

    def release(self, tags: Sequence[int]) -> None:
        """Put these back: they come again, and count as delivered."""
        self._settle(tags, lambda channel, number: channel.basic_reject(number, requeue=True))

    def reject(self, tags: Sequence[int]) -> None:
        """Send these to the dead letters: they can never be dealt with."""
        self._settle(tags, lambda channel, number: channel.basic_reject(number, requeue=False))

    def close(self) -> None:
        """Close the connection; what was not acked comes again, to whoever reads next."""
        self._link.close()

    def _prepare(self, channel: Any) -> None:
        self._arrived.clear()
        self._held.clear()
        channel.basic_qos(0, self._prefetch, a_global=False)
        for queue in self._queues:
            channel.basic_consume(queue, callback=self._on_message)

    def _on_message(self, message: Any) -> None:
        info = message.delivery_info
        tag = self._link.generation << GENERATION_BITS | info["delivery_tag"]
        user = message.properties.get("user_id", "")
        self._arrived.append(Delivery(tag, info["routing_key"], bytes(message.body or b""), info["redelivered"], user))

    def _collect(self, deadline: float, limit: int) -> None:
        self._link.wait(0)  # with a backlog, too: the heartbeat is kept up, and a lost connection is noticed
        while not self._arrived and (left := deadline - time.monotonic()) > 0:
            self._link.wait(left)
        while len(self._arrived) < limit and self._link.wait(0):
            pass

    def _settle(self, tags: Sequence[int], say: Callable[[Any, int], None]) -> None:
        ours = sorted(self._held.intersection(tags))
        self._held.difference_update(ours)
        if self._link.is_open:
            with self._link.guarded():
                channel = self._link.channel(timeout=0)
                for tag in ours:
                    say(channel, tag & (1 << GENERATION_BITS) - 1)
