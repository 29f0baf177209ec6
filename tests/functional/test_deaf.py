"""An agent that nothing reaches, over a real RabbitMQ: its queue is taken from the exchange of commands."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import amqp
import pytest

from common import settings, wire
from common.bus import open_bus
from common.bus.contract import COMMANDS, Bus, Consumer, Outgoing
from common.bus.names import command_queue
from compute_agent.driver.memory import MemoryDriver
from compute_agent.service import AgentService
from controller.workflow.liveness import hears
from tests.doubles.agent import HOST
from tests.functional.test_agent import CLOCK, IDS, Controller, until
from tests.services.rabbitmq import RabbitMQ


class Shouting(Controller):
    """A controller that goes on when nobody hears it."""

    def raw(self, body: bytes) -> None:
        self.publisher.publish([Outgoing(COMMANDS, HOST, body)])

    def beats(self) -> list[wire.Heartbeat]:
        return [wire.body_of(event) for event in self.said if event.kind == "heartbeat"]

    def hellos(self) -> list[wire.Hello]:
        return [wire.body_of(event) for event in self.said if event.kind == "hello"]


class Counted:
    """A bus that counts the consumers of commands that were opened on it."""

    def __init__(self, bus: Bus) -> None:
        self.bus, self.opened = bus, 0
        self.publisher = bus.publisher

    def commands(self, host: str) -> Consumer:
        self.opened += 1
        return self.bus.commands(host)


@pytest.fixture
def url(rabbitmq: RabbitMQ) -> str:
    return rabbitmq.fresh_url()


@pytest.fixture
def bus(url: str) -> Bus:
    made = open_bus(settings.Bus(url=url))
    made.declare()
    made.declare_host(HOST)
    return made


@pytest.fixture
def controller(bus: Bus) -> Iterator[Shouting]:
    made = Shouting(bus)  # type: ignore[arg-type]
    made.lease_seconds = 4.0
    made.thread.start()
    yield made
    made.ended.set()
    made.thread.join()
    made.publisher.close()


def routed(url: str, *, there: bool) -> None:
    """Take the host's queue from the exchange of commands, or put it back."""
    address = url.removeprefix("amqp://")
    credentials, _, place = address.rpartition("@")
    user, _, password = credentials.partition(":")
    host, _, vhost = place.partition("/")
    with closing(amqp.Connection(host, userid=user, password=password, virtual_host=vhost)) as connection:
        connection.connect()
        channel = connection.channel()
        change = channel.queue_bind if there else channel.queue_unbind
        change(command_queue(HOST), COMMANDS, HOST)


def test_a_deaf_agent_says_so_rebuilds_its_connection_and_hears_again(
    url: str, bus: Bus, controller: Shouting, tmp_path: Path
) -> None:
    chosen = settings.Settings(
        state=settings.State(path=str(tmp_path)),
        agent=settings.Agent(host_id=HOST, driver="memory", heartbeat_seconds=0.5),
    )
    counted = Counted(bus)
    agent = AgentService(chosen, counted, MemoryDriver(), CLOCK, IDS)  # type: ignore[arg-type]
    agent.start()
    try:
        until(lambda: agent.epoch == 1)
        until(lambda: controller.beats() and controller.beats()[-1].answered > 0)
        routed(url, there=False)
        until(lambda: not hears(controller.beats()[-1]))
        until(lambda: counted.opened > 1)
        until(lambda: controller.hellos()[-1].unanswered > 0)
        assert agent.epoch is None
        routed(url, there=True)
        controller.react(controller.hellos()[-1])
        until(lambda: agent.epoch == controller.epoch)
        until(lambda: hears(controller.beats()[-1]))
    finally:
        agent.stop()
