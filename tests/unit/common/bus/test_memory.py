"""What is the memory bus's own; its contract is tested beside the real one's."""

from common.bus.contract import COMMANDS, REPORTS, Outgoing
from common.bus.memory import MemoryBus


def test_an_unknown_exchange_reaches_no_queue() -> None:
    bus = MemoryBus()
    bus.declare()
    lost = Outgoing("elsewhere", "h", b"x")
    assert bus.publisher().publish([lost]) == [lost]


def test_a_key_without_a_host_goes_to_some_report_queue() -> None:
    bus = MemoryBus(report_queues=2)
    bus.declare()
    assert bus.publisher().publish([Outgoing(REPORTS, "odd", b"x")]) == []
    assert [delivery.body for delivery in bus.reports().receive(0)] == [b"x"]


def test_a_flooding_host_does_not_starve_another() -> None:
    bus = MemoryBus(report_queues=64)
    bus.declare()
    flood = [Outgoing(REPORTS, "host.loud.states", b"loud")] * 100
    bus.publisher().publish([*flood, Outgoing(REPORTS, "host.quiet.power", b"quiet")])
    assert b"quiet" in [delivery.body for delivery in bus.reports().receive(0, limit=2)]


def test_two_buses_share_nothing() -> None:
    one, two = MemoryBus(), MemoryBus()
    for bus in (one, two):
        bus.declare()
        bus.declare_host("h")
    one.publisher().publish([Outgoing(COMMANDS, "h", b"x")])
    assert two.commands("h").receive(0) == []
