"""A broker that keeps the contract of ``common.bus.contract``, and loses, doubles, delays and reorders what it holds.

Messages lie in plain lists, so that the schedule can do with them what it likes.
"""

from collections.abc import Iterable, Sequence

from common import errors
from common.bus.contract import REPORTS, Delivery, Outgoing
from tests.simulation.trace import Trace
from tests.simulation.turns import Crash, before

REPORT_QUEUE = "up"
LIMIT = 5
"""Times that a message may come again before it goes to the dead letters."""

PUBLISH_TWISTS = (
    "dies before publishing",
    "dies after publishing",
    "broker lost",
    "confirm lost",
    "half published",
    "confirm late",
)
"""confirm lost: all arrived, and the publisher hears that the broker is away. confirm late: so for one of them."""

ACK_TWISTS = ("dies before the ack", "dies after the ack", "ack lost")


class Message:
    """A message in a queue; ``returns`` counts how often it came back."""

    __slots__ = ("body", "key", "returns")

    def __init__(self, key: str, body: bytes, returns: int = 0) -> None:
        self.key, self.body, self.returns = key, body, returns


class Broker:
    """Queues by name: one for reports, one for each host that was declared."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.queues: dict[str, list[Message]] = {REPORT_QUEUE: []}
        self.dead: list[Message] = []
        self.era = 0
        """Grows when the broker loses everything: what was held before cannot be acked."""

    def declare(self) -> None:
        """Have what is there already."""

    def declare_host(self, host: str) -> None:
        """Make a host's queue."""
        self.queues.setdefault(host, [])

    def put(self, message: Outgoing) -> bool:
        """Queue a message; False if it reaches no queue."""
        queue = self.queues.get(REPORT_QUEUE if message.exchange == REPORTS else message.key)
        if queue is None:
            return False
        queue.append(Message(message.key, message.body))
        return True

    def put_back(self, queue: str, messages: Iterable[Message]) -> None:
        """Put back what was not acked, oldest first again; what came too often goes to the dead letters."""
        for message in reversed(list(messages)):
            message.returns += 1
            if message.returns > LIMIT:
                self.dead.append(message)
            else:
                self.queues[queue].insert(0, message)

    def wipe(self) -> int:
        """Lose everything that is queued, and all connections; gives how much that was."""
        lost = sum(len(queue) for queue in self.queues.values())
        self.era += 1
        for queue in self.queues.values():
            queue.clear()
        return lost


class Reader:
    """A consumer of one queue.

    :param batch: deliveries that one ``receive`` gives at most.
    """

    def __init__(self, broker: Broker, queue: str, who: str, batch: int) -> None:
        self._broker, self._queue, self._who, self._batch = broker, queue, who, batch
        self._held: dict[int, Message] = {}
        self._era, self._last = broker.era, 0
        self.twist = ""
        """What the next ack is to have, where its reader does not stand still before it."""

    def coming(self) -> list[bytes]:
        """Look at what the next ``receive`` gives."""
        return [message.body for message in self._broker.queues[self._queue][: self._batch]]

    def receive(self, timeout: float, limit: int = 256) -> list[Delivery]:
        """Give what is there."""
        if self._era != self._broker.era:
            self._era, self._held = self._broker.era, {}
        queue = self._broker.queues[self._queue]
        taken, queue[:] = queue[: self._batch], queue[self._batch :]
        deliveries = []
        for message in taken:
            self._last += 1
            self._held[self._last] = message
            deliveries.append(Delivery(self._last, message.key, message.body, message.returns > 0))
        return deliveries

    def ack(self, tags: Sequence[int]) -> None:
        """Say that these are dealt with."""
        twist = self.twist or before("ack")
        if twist in ACK_TWISTS:
            self._broker.trace.fault(self._who, twist, f"{len(tags)} messages")
        if twist == "dies before the ack":
            raise Crash
        if twist == "ack lost":
            self.close()
            raise errors.BusUnavailable("the broker is away")
        for tag in tags:
            self._held.pop(tag, None)
        if twist == "dies after the ack":
            raise Crash

    def release(self, tags: Sequence[int]) -> None:
        """Put these back."""
        self._broker.put_back(self._queue, [self._held.pop(tag) for tag in sorted(tags) if tag in self._held])

    def reject(self, tags: Sequence[int]) -> None:
        """Send these to the dead letters."""
        self._broker.dead += [self._held.pop(tag) for tag in tags if tag in self._held]

    def close(self) -> None:
        """Read no more; what was not acked comes again."""
        if self._era == self._broker.era:
            self._broker.put_back(self._queue, self._held.values())
        self._held.clear()


class Publisher:
    """A controller's publisher, whose confirms may lie."""

    def __init__(self, broker: Broker, who: str) -> None:
        self._broker, self._who = broker, who

    def publish(self, messages: Sequence[Outgoing], timeout: float = 30.0) -> list[Outgoing]:
        """Queue all, and give back those that reached no queue."""
        twist = before("publish")
        if twist in PUBLISH_TWISTS:
            self._broker.trace.fault(self._who, twist, f"{len(messages)} messages")
        if twist == "dies before publishing":
            raise Crash
        if twist == "broker lost":
            raise errors.BusUnavailable("the broker is away")
        sent = messages[: len(messages) // 2] if twist == "half published" else messages
        returned = [message for message in sent if not self._broker.put(message)]
        if twist == "dies after publishing":
            raise Crash
        if twist in ("confirm lost", "half published"):
            raise errors.BusUnavailable("the broker confirmed nothing")
        return [*returned, messages[-1]] if twist == "confirm late" else returned

    def tick(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
