"""One process that speaks for many hosts: what the broker and a controller see of a fleet, without its agents."""

import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import amqp

from common import settings, wire
from common.bus import names, open_bus
from common.bus.contract import COMMANDS, REPORTS, Outgoing
from compute_agent.driver.memory import MemoryDriver

SLICE = 250
"""Messages published at once."""


def said(host: str, kind: str, body: wire.Message, epoch: int) -> Outgoing:
    """Make an event of a host, as it goes on the bus."""
    event = wire.Event(
        id=str(uuid.uuid4()),
        host=host,
        host_epoch=epoch,
        seq=0,
        kind=kind,  # type: ignore[arg-type]
        body=wire.raw(body),
        at=datetime.now(UTC),
    )
    return Outgoing(REPORTS, names.report_key(host, kind), wire.pack(event))


def greeting(name: str, keys: Iterable[str] = ()) -> wire.Hello:
    """Make the hello of a host that has nothing on it."""
    inventory = MemoryDriver().inventory()
    return wire.Hello(
        id=str(uuid.uuid4()),
        name=name,
        boot_id="boot",
        version="0",
        features=(),
        inventory=inventory,
        present=(),
        keys=tuple(keys),
    )


class Feeder:
    """Hosts ``0`` to ``number - 1``; each speaks under epoch 1 once its hello was accepted."""

    def __init__(self, url: str, number: int) -> None:
        self.hosts = [str(uuid.UUID(int=0x4000_8000_0000_0000_0000 + n)) for n in range(number)]
        self._publisher = open_bus(settings.Bus(url=url)).publisher()
        self._beat = 0

    def hellos(self) -> None:
        """Introduce all hosts."""
        for number, host in enumerate(self.hosts):
            hello = greeting(f"fed{number}")
            self._publish([said(host, "hello", hello, 0)])

    def beat(self, seconds: float) -> None:
        """Let each host say that it lives, spread evenly over so many seconds."""
        self._beat += 1
        body = wire.Heartbeat(beat=self._beat)
        begun = time.monotonic()
        for start in range(0, len(self.hosts), SLICE):
            time.sleep(max(0.0, begun + seconds * start / len(self.hosts) - time.monotonic()))
            self._publish([said(host, "heartbeat", body, 1) for host in self.hosts[start : start + SLICE]])
        time.sleep(max(0.0, begun + seconds - time.monotonic()))

    def _publish(self, messages: Sequence[Outgoing]) -> None:
        left = list(messages)
        while left := self._publisher.publish(left):
            time.sleep(0.1)  # the report queues are full: the controller comes first


@contextmanager
def sink(port: int, hosts: Sequence[str]) -> Iterator[None]:
    """Have one queue that takes all commands to these hosts, and drop what comes."""
    connection = amqp.Connection(f"127.0.0.1:{port}", "guest", "guest")
    connection.connect()
    channel = connection.channel()
    channel.queue_declare("sink", auto_delete=True)
    for host in hosts:
        channel.queue_bind("sink", COMMANDS, host, nowait=True)
    channel.queue_bind("sink", COMMANDS, "last")  # after this answer the others are there too
    channel.basic_consume("sink", no_ack=True, callback=lambda message: None)
    ended = threading.Event()
    thread = threading.Thread(target=_drain, args=(connection, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        connection.close()


def _drain(connection: amqp.Connection, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            connection.drain_events(timeout=0.5)
        except TimeoutError:
            continue
