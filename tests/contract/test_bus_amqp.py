"""What only a real broker can do to the bus: die, freeze, run out of memory, say no."""

import threading
import time
from contextlib import closing

import msgspec
import pytest

from common import errors
from common.bus import names, open_bus
from common.bus.contract import COMMANDS, Bus, Consumer, Delivery, Outgoing, Publisher
from common.settings import Bus as BusSettings
from tests.services.ports import free_ports
from tests.services.rabbitmq import RabbitMQ

HOST = "0190a1b2-0000-7000-8000-00000000000a"
PATIENCE = 60.0


@pytest.fixture
def settings(rabbitmq: RabbitMQ) -> BusSettings:
    return BusSettings(url=rabbitmq.fresh_url(), delivery_limit=3)


@pytest.fixture
def bus(settings: BusSettings) -> Bus:
    made = open_bus(settings)
    made.declare()
    made.declare_host(HOST)
    return made


@pytest.fixture
def brisk(settings: BusSettings, bus: Bus) -> Bus:
    """The same with a heartbeat each second: silence is noticed soon, by either side."""
    return open_bus(msgspec.structs.replace(settings, heartbeat=1))


def commands(count: int, word: str = "") -> list[Outgoing]:
    return [Outgoing(COMMANDS, HOST, f"{word}{n}".encode()) for n in range(count)]


def receive_all(consumer: Consumer, count: int) -> list[Delivery]:
    """Receive and ack ``count`` messages, over as many connections as it takes."""
    came: list[Delivery] = []
    deadline = time.monotonic() + PATIENCE
    while len(came) < count and time.monotonic() < deadline:
        try:
            more = consumer.receive(1.0)
            consumer.ack([delivery.tag for delivery in more])
            came += more
        except errors.BusUnavailable:
            continue
    return came


def broken(consumer: Consumer) -> str:
    """Receive until the connection is found broken, and give the reason."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            consumer.receive(1.0)
        except errors.BusUnavailable as error:
            return error.message
    return ""


def publish_at_last(publisher: Publisher, messages: list[Outgoing]) -> list[Outgoing]:
    """Publish when the broker lets it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return publisher.publish(messages, timeout=5.0)
        except errors.BusUnavailable:
            assert time.monotonic() < deadline


def test_a_killed_broker_loses_nothing_that_it_confirmed(rabbitmq: RabbitMQ, bus: Bus) -> None:
    with closing(bus.publisher()) as publisher, closing(bus.commands(HOST)) as consumer:
        assert publisher.publish(commands(200)) == []
        before = consumer.receive(10.0)
        assert before
        rabbitmq.kill9()
        with pytest.raises(errors.BusUnavailable):
            publisher.publish(commands(1, "lost"), timeout=2.0)
        assert broken(consumer)
        consumer.ack([delivery.tag for delivery in before])
        rabbitmq.start()
        assert publish_at_last(publisher, commands(1, "after")) == []
        seen = [delivery.body for delivery in receive_all(consumer, 201)]
        assert sorted(seen) == sorted(m.body for m in commands(200) + commands(1, "after"))


def test_an_idle_publisher_gets_over_a_killed_broker(rabbitmq: RabbitMQ, bus: Bus) -> None:
    with closing(bus.publisher()) as publisher:
        assert publisher.publish(commands(1)) == []
        rabbitmq.restart()
        publisher.tick()
        assert publish_at_last(publisher, commands(1)) == []


def test_tags_of_an_old_connection_are_passed_over(rabbitmq: RabbitMQ, bus: Bus) -> None:
    with closing(bus.publisher()) as publisher, closing(bus.commands(HOST)) as consumer:
        publisher.publish(commands(2))
        old = consumer.receive(10.0, limit=1)
        rabbitmq.restart()
        assert broken(consumer)
        new = consumer_reconnected(consumer)
        consumer.ack([delivery.tag for delivery in old])
        consumer.release([delivery.tag for delivery in new])
        assert {d.body for d in receive_all(consumer, 2)} == {b"0", b"1"}


def consumer_reconnected(consumer: Consumer) -> list[Delivery]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if came := consumer.receive(1.0, limit=1):
                return came
        except errors.BusUnavailable:
            continue
    return []


def test_a_broker_without_memory_does_not_hang_its_publishers(rabbitmq: RabbitMQ, bus: Bus) -> None:
    with closing(bus.publisher()) as publisher:
        publisher.publish(commands(1))
        with rabbitmq.memory_alarm(), pytest.raises(errors.BusUnavailable, match="blocked by an alarm"):
            publisher.publish(commands(1), timeout=2.0)
        assert publish_at_last(publisher, commands(1)) == []


def test_a_queue_that_hangs_holds_up_no_other(rabbitmq: RabbitMQ, settings: BusSettings, bus: Bus) -> None:
    stuck = "0190a1b2-0000-7000-8000-00000000000b"
    bus.declare_host(stuck)
    process = f"'{settings.url.rpartition('/')[2]}_{names.command_queue(stuck)}'"
    late = Outgoing(COMMANDS, stuck, b"late")
    with closing(bus.publisher()) as publisher, closing(bus.commands(HOST)) as consumer:
        assert publisher.publish([late]) == []
        rabbitmq.ctl("eval", f"sys:suspend({process}).")
        assert publisher.publish([late, *commands(3)], timeout=3.0) == [late]
        assert [d.body for d in receive_all(consumer, 3)] == [b"0", b"1", b"2"]
        rabbitmq.ctl("eval", f"sys:resume({process}).")
        assert publish_at_last(publisher, [late]) == []


def test_a_frozen_broker_is_away(rabbitmq: RabbitMQ, bus: Bus) -> None:
    with closing(bus.publisher()) as publisher:
        publisher.publish(commands(1))
        with rabbitmq.frozen(), pytest.raises(errors.BusUnavailable, match="1 messages were not confirmed"):
            publisher.publish(commands(1), timeout=1.0)
        assert publish_at_last(publisher, commands(1)) == []


def test_a_silent_broker_is_noticed_by_its_heartbeat(rabbitmq: RabbitMQ, brisk: Bus) -> None:
    with closing(brisk.publisher()) as publisher, closing(brisk.commands(HOST)) as consumer:
        publisher.publish(commands(1))
        assert consumer.receive(10.0)
        with rabbitmq.frozen():
            assert "heartbeats missed" in broken(consumer)
            publisher.tick()
        assert publish_at_last(publisher, commands(1, "again")) == []
        assert {d.body for d in receive_all(consumer, 2)} == {b"0", b"again0"}


def test_idle_connections_stay_alive(brisk: Bus) -> None:
    with closing(brisk.publisher()) as publisher, closing(brisk.commands(HOST)) as consumer:
        publisher.publish(commands(1))
        held = consumer.receive(10.0)
        for _ in range(8):  # eight heartbeats' worth of silence would end either
            consumer.receive(0.5)
            publisher.tick()
        assert publisher.publish(commands(1, "b")) == []
        consumer.ack([delivery.tag for delivery in held])
        assert [(d.body, d.again) for d in receive_all(consumer, 1)] == [(b"b0", False)]


def test_publisher_and_consumer_work_side_by_side(bus: Bus) -> None:
    seen: list[Delivery] = []

    def read() -> None:
        with closing(bus.commands(HOST)) as consumer:
            seen.extend(receive_all(consumer, 2000))

    reader = threading.Thread(target=read)
    reader.start()
    with closing(bus.publisher()) as publisher:
        for start in range(0, 2000, 250):
            assert publisher.publish(commands(2000)[start : start + 250]) == []
    reader.join(PATIENCE)
    assert [d.body for d in seen] == [m.body for m in commands(2000)]


def test_a_dead_connection_counts_as_a_delivery_until_the_limit(settings: BusSettings, bus: Bus) -> None:
    with closing(bus.publisher()) as publisher, closing(bus.dead()) as dead:
        publisher.publish(commands(1, "poison"))
        for _ in range(settings.delivery_limit + 1):
            with closing(bus.commands(HOST)) as crashing:
                assert crashing.receive(10.0)
        (letter,) = receive_all(dead, 1)
        assert letter.body == b"poison0"


def test_a_consumer_survives_the_loss_of_its_queue(rabbitmq: RabbitMQ, settings: BusSettings, bus: Bus) -> None:
    with closing(bus.publisher()) as publisher, closing(bus.commands(HOST)) as consumer:
        assert consumer.receive(0) == []
        vhost = settings.url.rpartition("/")[2]
        rabbitmq.ctl("delete_queue", "--vhost", vhost, names.command_queue(HOST))
        assert broken(consumer)
        bus.declare_host(HOST)
        publisher.publish(commands(1))
        assert len(receive_all(consumer, 1)) == 1


def test_nobody_listens() -> None:
    bus = open_bus(BusSettings(url=f"amqp://guest:secret@127.0.0.1:{free_ports(1)[0]}//"))
    with pytest.raises(errors.BusUnavailable, match="the broker is away"):
        bus.declare()
    with closing(bus.publisher()) as publisher, closing(bus.commands(HOST)) as consumer:
        publisher.tick()
        consumer.ack([1])
        for _ in range(12):
            with pytest.raises(errors.BusUnavailable) as caught:
                publisher.publish(commands(1), timeout=0.01)
            assert "secret" not in str(caught.value)
        assert "the next try is in" in str(caught.value)
        with pytest.raises(errors.BusUnavailable):
            consumer.receive(0.01)


def test_a_wrong_password_is_an_error_that_keeps_it(settings: BusSettings) -> None:
    bus = open_bus(BusSettings(url=settings.url.replace("guest:guest", "guest:wr0ng")))
    with pytest.raises(errors.BusUnavailable) as caught:
        bus.declare()
    assert "wr0ng" not in str(caught.value)


def test_other_arguments_than_the_brokers_are_a_wrong_setting(settings: BusSettings, bus: Bus) -> None:
    other = open_bus(BusSettings(url=settings.url, delivery_limit=4))
    with pytest.raises(errors.SettingsError, match="delivery-limit"):
        other.declare()
    with pytest.raises(errors.SettingsError, match="delivery-limit"):
        other.declare_host(HOST)


def test_classic_queues_keep_their_messages_too(rabbitmq: RabbitMQ, settings: BusSettings) -> None:
    bus = open_bus(BusSettings(url=settings.url, queue_type="classic"))
    bus.declare()
    bus.declare_host(HOST)
    with closing(bus.publisher()) as publisher, closing(bus.commands(HOST)) as consumer, closing(bus.dead()) as dead:
        assert publisher.publish(commands(50)) == []
        rabbitmq.restart()
        assert len(receive_all(consumer, 50)) == 50
        assert publish_at_last(publisher, commands(1, "bad")) == []
        consumer.reject([d.tag for d in consumer.receive(10.0)])
        assert [d.body for d in receive_all(dead, 1)] == [b"bad0"]
