"""Commands are acked after they are kept, and only then."""

from collections.abc import Sequence

import pytest

from common.bus.contract import COMMANDS, Outgoing
from common.bus.memory import MemoryBus, MemoryConsumer
from compute_agent.intake import take_in

HOST = "00000000-0000-4000-8000-0000000000aa"


@pytest.fixture
def bus() -> MemoryBus:
    made = MemoryBus()
    made.declare()
    made.declare_host(HOST)
    made.publisher().publish([Outgoing(COMMANDS, HOST, b"one"), Outgoing(COMMANDS, HOST, b"two")])
    return made


def left(bus: MemoryBus, reader: MemoryConsumer) -> list[bytes]:
    """What comes again after the reader's connection broke."""
    reader.close()
    return [delivery.body for delivery in bus.commands(HOST).receive(0)]


def test_what_is_kept_is_acked(bus: MemoryBus) -> None:
    reader, kept = bus.commands(HOST), []

    def keep(bodies: Sequence[bytes]) -> list[int]:
        kept.extend(bodies)
        return []

    assert take_in(reader, keep) == 2
    assert (kept, left(bus, reader)) == ([b"one", b"two"], [])


def test_what_cannot_be_understood_goes_to_the_dead_letters(bus: MemoryBus) -> None:
    reader = bus.commands(HOST)
    assert take_in(reader, lambda bodies: [1]) == 2
    assert left(bus, reader) == []
    assert [delivery.body for delivery in bus.dead().receive(0)] == [b"two"]


def test_what_was_not_kept_comes_again(bus: MemoryBus) -> None:
    reader = bus.commands(HOST)

    def broken(_bodies: Sequence[bytes]) -> list[int]:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        take_in(reader, broken)
    assert left(bus, reader) == [b"one", b"two"]


def test_nothing_has_come(bus: MemoryBus) -> None:
    reader = bus.commands(HOST)
    take_in(reader, lambda bodies: [])
    assert take_in(reader, lambda bodies: [0]) == 0
