"""What a bus does; both of ours pass one suite of tests.

    toft.cmd (direct)   routing key <host id>            -> cmd.<host id>     one queue a host
    toft.up  (topic)    routing key host.<host id>.<kind> -> up.<k>           a few, read by controllers
    dead                what was delivered too often

A host that was not declared yet has no command queue; its reports go to the first report queue, so that its hello is
heard. A publish returns after the broker has taken the messages to disk; one that reaches no queue is given back. A
delivery stays the broker's until it is acked; it comes again after a lost connection, at most ``delivery_limit`` times.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

COMMANDS = "toft.cmd"
REPORTS = "toft.up"
DEAD = "toft.dead"


class Outgoing(NamedTuple):
    """A message to publish: where, under which key, what."""

    exchange: str
    key: str
    body: bytes


class Delivery(NamedTuple):
    """A message that came. ``tag`` is the consumer's, for its ack; ``again`` says that it was delivered before.

    ``user`` is who published it, as the broker has made sure; empty: the publisher did not say, or all are in one
    process.
    """

    tag: int
    key: str
    body: bytes
    again: bool
    user: str = ""


class Publisher(Protocol):
    """A connection that publishes. Not shared between threads."""

    def publish(self, messages: Sequence[Outgoing], timeout: float = 30.0) -> list[Outgoing]:
        """Publish all, wait for the confirms, and give back those that reached no queue or were refused.

        Given back is, too, what was not confirmed in time while others were: it may have arrived.

        :raises BusUnavailable: the broker is away, or confirmed nothing in ``timeout`` seconds; any may have arrived.
        """
        ...

    def tick(self) -> None:
        """Keep an idle connection alive: call it every few seconds when there is nothing to publish."""
        ...

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        ...


class Consumer(Protocol):
    """A connection that reads some queues. Not shared between threads."""

    def receive(self, timeout: float, limit: int = 256) -> list[Delivery]:
        """Wait up to ``timeout`` seconds for a first message, then give all that are there, up to ``limit``.

        Heartbeats of the connection are kept up here: call it often. After a lost connection it reconnects by itself.

        :raises BusUnavailable: the broker is away; call again.
        """
        ...

    def ack(self, tags: Sequence[int]) -> None:
        """Say that these are dealt with. Tags from before a reconnect are passed over: those come again.

        :raises BusUnavailable: the broker is away; they come again.
        """
        ...

    def release(self, tags: Sequence[int]) -> None:
        """Put these back: they come again, and count as delivered."""
        ...

    def reject(self, tags: Sequence[int]) -> None:
        """Send these to the dead letters: they can never be dealt with."""
        ...

    def close(self) -> None:
        """Close the connection; what was not acked comes again, to whoever reads next."""
        ...


class Bus(Protocol):
    """Where publishers and consumers come from."""

    def declare(self) -> None:
        """Make the exchanges and the report and dead-letter queues, where missing (controller only)."""
        ...

    def declare_host(self, host: str) -> None:
        """Make one host's command queue, and bind its reports to a report queue (controller only)."""
        ...

    def publisher(self) -> Publisher:
        """Open a connection to publish on."""
        ...

    def commands(self, host: str, prefetch: int = 32) -> Consumer:
        """Open a connection that reads one host's commands."""
        ...

    def reports(self, prefetch: int = 512) -> Consumer:
        """Open a connection that reads all report queues in turn."""
        ...

    def dead(self) -> Consumer:
        """Open a connection that reads the dead letters."""
        ...
