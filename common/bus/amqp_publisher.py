"""Publishing with confirms: a whole batch is sent, then all its confirms are awaited."""

import time
from collections.abc import Sequence
from typing import Any

from common import errors
from common.bus.amqp_link import Link
from common.bus.contract import Outgoing
from common.settings import Bus as BusSettings

PERSISTENT = 2


class _Confirms:
    """What the broker said of one batch. A returned message is confirmed, too, after its return."""

    def __init__(self) -> None:
        self._sent = 0
        self._open: dict[int, int] = {}
        self.refused: set[int] = set()

    def listen(self, channel: Any) -> None:
        """Follow a new channel, whose messages are numbered from one."""
        self._sent = 0
        self._open.clear()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)

    def begin(self) -> None:
        """Start a batch."""
        self._open.clear()
        self.refused.clear()

    def sent(self, position: int) -> None:
        """Note that the batch's message at ``position`` was sent."""
        self._sent += 1
        self._open[self._sent] = position

    def missing(self) -> int:
        """Count the messages without a confirm."""
        return len(self._open)

    def give_up(self) -> None:
        """Take what has no confirm for refused."""
        self.refused.update(self._open.values())

    def _settled(self, number: int, multiple: bool) -> list[int]:
        numbers = [n for n in self._open if n <= number] if multiple else [number]
        return [self._open.pop(n) for n in numbers if n in self._open]

    def _on_ack(self, number: int, multiple: bool) -> None:
        self._settled(number, multiple)

    def _on_nack(self, number: int, multiple: bool) -> None:
        self.refused.update(self._settled(number, multiple))

    def _on_return(self, error: Exception, exchange: str, key: str, message: Any) -> None:
        self.refused.add(int(message.properties["message_id"]))


class AmqpPublisher:
    """A connection that publishes. A broker under a memory or disk alarm does not confirm: that is an error here."""

    def __init__(self, settings: BusSettings) -> None:
        self._confirms = _Confirms()
        self._link = Link(settings, self._prepare)
        self._sender = {"user_id": self._link.user} if self._link.user else {}  # the broker refuses any other

    def publish(self, messages: Sequence[Outgoing], timeout: float = 30.0) -> list[Outgoing]:
        """Publish all, wait for the confirms, and give back those that reached no queue or were refused.

        Given back is, too, what was not confirmed in time while others were: it may have arrived.

        :raises BusUnavailable: the broker is away, or confirmed nothing in ``timeout`` seconds; any may have arrived.
        """
        deadline = time.monotonic() + timeout
        channel = self._link.channel(timeout)
        with self._link.guarded():
            self._confirms.begin()
            for position, message in enumerate(messages):
                self._send(channel, message, position, deadline)
            self._await(deadline, len(messages))
        return [messages[position] for position in sorted(self._confirms.refused)]

    def tick(self) -> None:
        """Keep an idle connection alive: call it every few seconds when there is nothing to publish."""
        if self._link.is_open:
            try:
                with self._link.guarded():
                    while self._link.wait(timeout=0):
                        pass
            except errors.BusUnavailable:
                return  # dropped: the next publish opens it again

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        self._link.close()

    def _prepare(self, channel: Any) -> None:
        channel.confirm_select()
        self._confirms.listen(channel)

    def _send(self, channel: Any, message: Outgoing, position: int, deadline: float) -> None:
        content = channel.prepare_message(
            message.body,
            content_type="application/json",
            properties={"delivery_mode": PERSISTENT, "message_id": str(position), **self._sender},
        )
        patience = max(deadline - time.monotonic(), 0.01)
        channel.basic_publish(content, message.exchange, message.key, mandatory=True, timeout=patience)
        self._confirms.sent(position)

    def _await(self, deadline: float, count: int) -> None:
        while missing := self._confirms.missing():
            left = deadline - time.monotonic()
            if left > 0:
                self._link.wait(left)
            elif missing == count or self._link.blocked:
                why = "it is blocked by an alarm" if self._link.blocked else "it is slow or gone"
                raise TimeoutError(f"{missing} messages were not confirmed in time; {why}")
            else:  # one queue hangs (it has no leader): that must not hold up the others
                self._confirms.give_up()
                self._link.drop()
                return
