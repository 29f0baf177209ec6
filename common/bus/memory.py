"""The bus within one process: for ``toft up`` and for tests.

It keeps the contract of the real one, but nothing of it outlives the process: what is lost then is derived again from
the database, as after any loss. One condition guards it all, so its users may sit in different threads.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from common import errors
from common.bus import names
from common.bus.contract import COMMANDS, DEAD, REPORTS, Delivery, Outgoing


@dataclass(frozen=True)
class _Message:
    """A message in a queue; ``returns`` counts how often it came back."""

    key: str
    body: bytes
    returns: int = 0


@dataclass
class _Queue:
    """Messages that wait. With ``single`` only the first of its readers is served; ``mortal`` ones go to the dead."""

    single: bool = False
    mortal: bool = True
    waiting: deque[_Message] = field(default_factory=deque)
    readers: "list[MemoryConsumer]" = field(default_factory=list)

    def serves(self, reader: "MemoryConsumer") -> bool:
        """Say whether there is something here that ``reader`` may take now."""
        return bool(self.waiting) and (not self.single or self.readers[0] is reader)


class MemoryBus:
    """Queues in memory.

    :param report_queues: queues that reports are spread over.
    :param delivery_limit: times a message may come again before it goes to the dead letters.
    :param max_length: messages that one queue may hold: more are refused, or push out the oldest dead letters.
    """

    def __init__(self, *, report_queues: int = 4, delivery_limit: int = 5, max_length: int = 10000) -> None:
        self.changed = threading.Condition()
        self._reports = report_queues
        self._limit = delivery_limit
        self._max_length = max_length
        self._queues: dict[str, _Queue] = {}

    def declare(self) -> None:
        """Make the report and dead-letter queues, where missing."""
        with self.changed:
            for name in names.report_queues(self._reports):
                self._queues.setdefault(name, _Queue())
            self._queues.setdefault(DEAD, _Queue(mortal=False))

    def declare_host(self, host: str) -> None:
        """Make one host's command queue. Its reports need no binding here: their key says where they go."""
        with self.changed:
            self._queues.setdefault(names.command_queue(host), _Queue(single=True))

    def publisher(self) -> "MemoryPublisher":
        """Open a publisher."""
        return MemoryPublisher(self)

    def commands(self, host: str, prefetch: int = 32) -> "MemoryConsumer":
        """Open a consumer of one host's commands."""
        return MemoryConsumer(self, [names.command_queue(host)], prefetch)

    def reports(self, prefetch: int = 512) -> "MemoryConsumer":
        """Open a consumer of all reports."""
        return MemoryConsumer(self, names.report_queues(self._reports), prefetch)

    def dead(self) -> "MemoryConsumer":
        """Open a consumer of the dead letters."""
        return MemoryConsumer(self, [DEAD], prefetch=256)

    # What follows is for publishers and consumers, which hold ``changed`` while they call it.

    def put(self, message: Outgoing) -> bool:
        """Queue a message; False if it reaches no queue or the queue is full."""
        queue = self._queues.get(self._route(message))
        if queue is None or len(queue.waiting) >= self._max_length:
            return False
        queue.waiting.append(_Message(message.key, message.body))
        return True

    def attached(self, wanted: Sequence[str], reader: "MemoryConsumer") -> list[_Queue]:
        """Give these queues, with ``reader`` as the last of their readers.

        :raises BusUnavailable: one of them was not declared.
        """
        for name in wanted:
            if name not in self._queues:
                raise errors.BusUnavailable(f"the queue {name} is not declared yet")
        queues = [self._queues[name] for name in wanted]
        for queue in queues:
            queue.readers.append(reader)
        return queues

    def put_back(self, taken: Iterable[tuple[_Queue, _Message]]) -> None:
        """Put messages back where they were taken, oldest first again, or bury those that came too often."""
        for queue, message in reversed(list(taken)):
            if queue.mortal and message.returns >= self._limit:
                self.bury(queue, message)
            else:
                queue.waiting.appendleft(_Message(message.key, message.body, message.returns + 1))

    def bury(self, queue: _Queue, message: _Message) -> None:
        """Send a message to the dead letters; a dead letter itself is dropped."""
        if queue.mortal:
            dead = self._queues[DEAD].waiting
            dead.append(_Message(message.key, message.body))
            while len(dead) > self._max_length:
                dead.popleft()

    def _route(self, message: Outgoing) -> str:
        if DEAD not in self._queues:
            raise errors.BusUnavailable("the bus is not declared yet")
        parts = message.key.split(".")
        if message.exchange == REPORTS:
            return names.report_queue(parts[1] if len(parts) > 1 else "", self._reports)
        return names.command_queue(message.key) if message.exchange == COMMANDS else ""


class MemoryPublisher:
    """Publishes into the same process: what it has put is there."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._closed = False

    def publish(self, messages: Sequence[Outgoing], timeout: float = 30.0) -> list[Outgoing]:
        """Queue all and give back those that reached no queue or were refused.

        :raises BusUnavailable: the bus is not declared yet, or this publisher was closed.
        """
        if self._closed:
            raise errors.BusUnavailable("this publisher was closed")
        with self._bus.changed:
            returned = [message for message in messages if not self._bus.put(message)]
            self._bus.changed.notify_all()
        return returned

    def tick(self) -> None:
        """Do nothing: there is no connection to keep up."""

    def close(self) -> None:
        """Publish no more."""
        self._closed = True


class MemoryConsumer:
    """Reads some queues in turn. Holds at most ``prefetch`` messages that were not acked."""

    def __init__(self, bus: MemoryBus, queues: Sequence[str], prefetch: int) -> None:
        self._bus = bus
        self._names = list(queues)
        self._queues: list[_Queue] = []
        self._prefetch = prefetch
        self._held: dict[int, tuple[_Queue, _Message]] = {}
        self._last_tag = 0
        self._closed = False

    def receive(self, timeout: float, limit: int = 256) -> list[Delivery]:
        """Wait up to ``timeout`` seconds for a first message, then give all that are there, up to ``limit``.

        :raises BusUnavailable: the queue was not declared yet, or this consumer was closed.
        """
        deadline = time.monotonic() + timeout
        with self._bus.changed:
            while True:
                if self._closed:
                    raise errors.BusUnavailable("this consumer was closed")
                self._queues = self._queues or self._bus.attached(self._names, self)
                taken = self._take(limit)
                left = deadline - time.monotonic()
                if taken or left <= 0:
                    return taken
                self._bus.changed.wait(left)

    def ack(self, tags: Sequence[int]) -> None:
        """Say that these are dealt with."""
        with self._bus.changed:
            self._let_go(tags)

    def release(self, tags: Sequence[int]) -> None:
        """Put these back: they come again, and count as delivered."""
        with self._bus.changed:
            self._bus.put_back(self._let_go(tags))

    def reject(self, tags: Sequence[int]) -> None:
        """Send these to the dead letters."""
        with self._bus.changed:
            for queue, message in self._let_go(tags):
                self._bus.bury(queue, message)

    def close(self) -> None:
        """Read no more; what was not acked comes again, to whoever reads next."""
        with self._bus.changed:
            self._closed = True
            while self._queues:
                self._queues.pop().readers.remove(self)
            self._bus.put_back(self._let_go(list(self._held)))

    def _take(self, limit: int) -> list[Delivery]:
        taken: list[Delivery] = []
        room = min(limit, self._prefetch - len(self._held))
        while len(taken) < room and (ready := [queue for queue in self._queues if queue.serves(self)]):
            taken += [self._hold(queue, queue.waiting.popleft()) for queue in ready[: room - len(taken)]]
        return taken

    def _hold(self, queue: _Queue, message: _Message) -> Delivery:
        self._last_tag += 1
        self._held[self._last_tag] = (queue, message)
        return Delivery(self._last_tag, message.key, message.body, again=message.returns > 0)

    def _let_go(self, tags: Iterable[int]) -> list[tuple[_Queue, _Message]]:
        found = [self._held.pop(tag) for tag in sorted(tags) if tag in self._held]
        self._bus.changed.notify_all()
        return found
