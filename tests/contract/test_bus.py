"""Every clause of the bus's contract, for the bus in memory and for a real RabbitMQ."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from common import errors
from common.bus import names, open_bus
from common.bus.contract import COMMANDS, REPORTS, Bus, Consumer, Delivery, Outgoing, Publisher
from common.settings import Bus as BusSettings

HOST = "0190a1b2-0000-7000-8000-00000000000a"
OTHER = "0190a1b2-0000-7000-8000-00000000000b"
LIMIT = 2
ENOUGH = 20.0
"""Seconds to wait for what must come; what must not come is asked for after something later came."""


@pytest.fixture(params=["memory", "amqp"])
def url(request: pytest.FixtureRequest) -> str:
    return "memory://" if request.param == "memory" else request.getfixturevalue("rabbitmq").fresh_url()


def opened(url: str, **settings: object) -> Bus:
    bus = open_bus(BusSettings(url=url, **({"delivery_limit": LIMIT, "report_queues": 3} | settings)))
    bus.declare()
    bus.declare_host(HOST)
    return bus


@pytest.fixture
def bus(url: str) -> Bus:
    return opened(url)


@pytest.fixture
def publisher(bus: Bus) -> Iterator[Publisher]:
    with closing(bus.publisher()) as one:
        yield one


@pytest.fixture
def commands(bus: Bus) -> Iterator[Consumer]:
    with closing(bus.commands(HOST)) as one:
        yield one


def command(text: str, host: str = HOST) -> Outgoing:
    return Outgoing(COMMANDS, host, text.encode())


def report(text: str, host: str = HOST, kind: str = "power") -> Outgoing:
    return Outgoing(REPORTS, names.report_key(host, kind), text.encode())


def receive(consumer: Consumer, count: int) -> list[Delivery]:
    """Receive until ``count`` came."""
    came: list[Delivery] = []
    while len(came) < count:
        more = consumer.receive(ENOUGH, count - len(came))
        assert more, f"{len(came)} of {count} came"
        came += more
    return came


def bodies(deliveries: list[Delivery]) -> list[str]:
    return [delivery.body.decode() for delivery in deliveries]


def tags(deliveries: list[Delivery]) -> list[int]:
    return [delivery.tag for delivery in deliveries]


def test_commands_arrive_in_order_with_key_and_body(publisher: Publisher, commands: Consumer) -> None:
    assert publisher.publish([command(f"{n}") for n in range(100)]) == []
    came = receive(commands, 32)
    assert [(d.key, d.again) for d in came] == [(HOST, False)] * 32
    commands.ack(tags(came))
    rest = receive(commands, 32)
    assert bodies(came + rest) == [f"{n}" for n in range(64)]


def test_any_bytes_arrive_as_they_were(publisher: Publisher, commands: Consumer) -> None:
    body = bytes(range(256)) * 300
    publisher.publish([Outgoing(COMMANDS, HOST, body), Outgoing(COMMANDS, HOST, b"")])
    assert [delivery.body for delivery in receive(commands, 2)] == [body, b""]


def test_publishing_nothing_is_nothing(publisher: Publisher) -> None:
    assert publisher.publish([]) == []


def test_a_command_for_an_unknown_host_is_given_back(publisher: Publisher, commands: Consumer) -> None:
    lost = command("lost", host=OTHER)
    assert publisher.publish([command("a"), lost, command("b")]) == [lost]
    assert bodies(receive(commands, 2)) == ["a", "b"]


def test_a_publisher_goes_on_after_something_was_given_back(publisher: Publisher) -> None:
    publisher.publish([command("lost", host=OTHER)])
    assert publisher.publish([command("a")]) == []


def test_reports_of_all_hosts_are_read_together(bus: Bus, publisher: Publisher) -> None:
    hosts = [f"host{n}" for n in range(12)]
    for host in hosts:
        bus.declare_host(host)
    assert {names.report_queue(host, 3) for host in hosts} == {"up.0", "up.1", "up.2"}
    publisher.publish([report("x", host) for host in hosts])
    with closing(bus.reports()) as reports:
        assert {d.key for d in receive(reports, 12)} == {f"host.{host}.power" for host in hosts}


def test_a_hello_of_an_undeclared_host_is_heard(bus: Bus, publisher: Publisher) -> None:
    assert publisher.publish([report("hello", OTHER, "hello")]) == []
    with closing(bus.reports()) as reports:
        assert bodies(receive(reports, 1)) == ["hello"]


def test_a_declared_hosts_report_comes_once(bus: Bus, publisher: Publisher) -> None:
    publisher.publish([report("a"), report("b")])
    with closing(bus.reports()) as reports:
        assert bodies(receive(reports, 2)) == ["a", "b"]
        assert reports.receive(0) == []


def test_declaring_again_changes_nothing(bus: Bus, publisher: Publisher, commands: Consumer) -> None:
    publisher.publish([command("a")])
    bus.declare()
    bus.declare_host(HOST)
    assert bodies(receive(commands, 1)) == ["a"]


def test_what_was_not_acked_comes_again_after_close(bus: Bus, publisher: Publisher) -> None:
    publisher.publish([command("a"), command("b"), command("c")])
    with closing(bus.commands(HOST)) as first:
        first.ack(tags(receive(first, 3))[:1])
    with closing(bus.commands(HOST)) as second:
        again = receive(second, 2)
    assert [(d.body, d.again) for d in again] == [(b"b", True), (b"c", True)]


def test_what_was_released_comes_again(publisher: Publisher, commands: Consumer) -> None:
    publisher.publish([command("a")])
    commands.release(tags(receive(commands, 1)))
    assert [(d.body, d.again) for d in receive(commands, 1)] == [(b"a", True)]


def test_what_was_rejected_is_dead(bus: Bus, publisher: Publisher, commands: Consumer) -> None:
    publisher.publish([command("bad"), command("good")])
    bad, good = receive(commands, 2)
    commands.reject([bad.tag])
    commands.ack([good.tag])
    with closing(bus.dead()) as dead:
        (letter,) = receive(dead, 1)
        assert (letter.key, letter.body) == (HOST, b"bad")
        dead.ack([letter.tag])


def test_what_comes_too_often_is_dead(bus: Bus, publisher: Publisher, commands: Consumer) -> None:
    publisher.publish([command("poison")])
    for turn in range(LIMIT + 1):
        (delivery,) = receive(commands, 1)
        assert delivery.again == (turn > 0)
        commands.release([delivery.tag])
    with closing(bus.dead()) as dead:
        assert bodies(receive(dead, 1)) == ["poison"]
    publisher.publish([command("next")])
    assert bodies(receive(commands, 1)) == ["next"]


def test_dead_letters_are_kept_however_often_they_are_read(bus: Bus, publisher: Publisher, commands: Consumer) -> None:
    publisher.publish([command("bad")])
    commands.reject(tags(receive(commands, 1)))
    with closing(bus.dead()) as dead:
        for _ in range(LIMIT + 3):
            dead.release(tags(receive(dead, 1)))
        dead.reject(tags(receive(dead, 1)))
        commands.close()
        publisher.publish([command("worse")])
        with closing(bus.commands(HOST)) as second:
            second.reject(tags(receive(second, 1)))
        assert bodies(receive(dead, 1)) == ["worse"]


def test_unknown_and_repeated_tags_are_passed_over(publisher: Publisher, commands: Consumer) -> None:
    publisher.publish([command("a"), command("b")])
    a, b = receive(commands, 2)
    commands.ack([a.tag, a.tag, 12345])
    commands.ack([a.tag])
    commands.release([b.tag])
    assert bodies(receive(commands, 1)) == ["b"]


def test_no_more_come_than_the_prefetch_until_some_are_acked(bus: Bus, publisher: Publisher) -> None:
    publisher.publish([command(f"{n}") for n in range(5)])
    with closing(bus.commands(HOST, prefetch=2)) as consumer:
        held = receive(consumer, 2)
        assert consumer.receive(0.3) == []
        consumer.ack(tags(held))
        assert bodies(receive(consumer, 2)) == ["2", "3"]


def test_receive_gives_up_to_its_limit(publisher: Publisher, commands: Consumer) -> None:
    publisher.publish([command(f"{n}") for n in range(5)])
    assert bodies(receive(commands, 1)) == ["0"]
    assert len(commands.receive(ENOUGH, limit=2)) <= 2


def test_receive_wakes_for_a_message_that_comes_later(bus: Bus, commands: Consumer) -> None:
    assert commands.receive(0) == []

    def later() -> None:
        with closing(bus.publisher()) as other:
            other.publish([command("late")])

    thread = threading.Thread(target=later)
    thread.start()
    assert bodies(receive(commands, 1)) == ["late"]
    thread.join()


def test_only_one_consumer_of_a_host_is_served(bus: Bus, publisher: Publisher, commands: Consumer) -> None:
    assert commands.receive(0) == []
    with closing(bus.commands(HOST)) as twin:
        assert twin.receive(0) == []
        publisher.publish([command("a")])
        came = receive(commands, 1)
        assert twin.receive(0.3) == []
        commands.ack(tags(came))
        commands.close()
        publisher.publish([command("b")])
        assert bodies(receive(twin, 1)) == ["b"]


def test_two_controllers_share_the_reports(bus: Bus, publisher: Publisher) -> None:
    sent = {f"{n}" for n in range(40)}
    with closing(bus.reports(prefetch=9)) as one, closing(bus.reports(prefetch=9)) as two:
        assert one.receive(0) == two.receive(0) == []
        publisher.publish([report(text) for text in sorted(sent)])
        seen: list[str] = []
        while len(seen) < len(sent):
            for reader in (one, two):
                came = reader.receive(0.05)
                seen += bodies(came)
                reader.ack(tags(came))
    assert sorted(seen) == sorted(sent)


def test_a_full_queue_refuses_and_keeps_what_it_took(url: str) -> None:
    bus = opened(url, max_length=10)
    with closing(bus.publisher()) as publisher, closing(bus.commands(HOST)) as commands:
        taken: list[Outgoing] = []
        refused: list[Outgoing] = []
        while not refused:
            batch = [command(f"{len(taken) + n}") for n in range(6)]
            refused = publisher.publish(batch)
            taken += [message for message in batch if message not in refused]
            assert len(taken) < 100
        seen = []
        while len(seen) < len(taken):
            came = receive(commands, 1)
            seen += came
            commands.ack(tags(came))
        assert sorted(d.body for d in seen) == sorted(message.body for message in taken)
        assert commands.receive(0) == []


def test_dead_letters_are_bounded(url: str) -> None:
    bus = opened(url, max_length=5)
    with closing(bus.publisher()) as publisher, closing(bus.commands(HOST)) as commands:
        for n in range(8):
            publisher.publish([command(f"{n}")])
            commands.reject(tags(receive(commands, 1)))
        with closing(bus.dead()) as dead:
            seen: list[Delivery] = []
            while not seen or seen[-1].body != b"7":
                seen += receive(dead, 1)
                dead.ack(tags(seen[-1:]))
            assert dead.receive(0) == []


def test_before_the_host_is_declared_its_agent_waits(bus: Bus, publisher: Publisher) -> None:
    with closing(bus.commands(OTHER)) as early:
        with pytest.raises(errors.BusUnavailable):
            early.receive(0)
        bus.declare_host(OTHER)
        publisher.publish([command("welcome", OTHER)])
        came: list[Delivery] = []
        while not came:
            try:
                came = early.receive(ENOUGH)
            except errors.BusUnavailable:
                continue
        assert bodies(came) == ["welcome"]


def test_before_anything_is_declared_publishing_is_an_error(url: str) -> None:
    with closing(open_bus(BusSettings(url=url)).publisher()) as publisher, pytest.raises(errors.BusUnavailable):
        publisher.publish([command("a")])


def test_closed_is_closed(bus: Bus) -> None:
    publisher, commands = bus.publisher(), bus.commands(HOST)
    publisher.publish([command("a")])
    (held,) = receive(commands, 1)
    for one in (publisher, commands):
        one.close()
        one.close()
    with pytest.raises(errors.BusUnavailable):
        publisher.publish([command("b")])
    with pytest.raises(errors.BusUnavailable):
        commands.receive(0)
    commands.ack([held.tag])
    with closing(bus.commands(HOST)) as next_one:
        assert bodies(receive(next_one, 1)) == ["a"]


def test_an_idle_publisher_ticks(publisher: Publisher) -> None:
    publisher.tick()
    publisher.publish([command("a")])
    publisher.tick()
    assert publisher.publish([command("b")]) == []
