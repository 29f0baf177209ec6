"""Two agents' processes of one host, over one driver: only the one that was welcomed last acts."""

from datetime import timedelta

import pytest

from common import wire
from common.states import Power
from compute_agent.journal import Journal
from tests.doubles.agent import FakeController, Host, goal, server_id

S1 = server_id(1)


class Older(Host):
    """The process of before: its own lanes and journal, the same hypervisor and clock."""

    def __init__(self, newer: Host) -> None:
        super().__init__()
        self.driver, self.clock = newer.driver, newer.clock
        self.journal = Journal(":memory:", self.clock)
        self.kill()


@pytest.fixture
def newer() -> Host:
    return Host()


@pytest.fixture
def older(newer: Host) -> Older:
    return Older(newer)


@pytest.fixture
def controllers(older: Older, newer: Host) -> tuple[FakeController, FakeController]:
    """Both were welcomed, the older one first; it has a build under way."""
    first, second = FakeController(older), FakeController(newer)
    first.welcome()
    first.want(goal(1))
    newer.clock.advance(5)
    newer.kill()
    second.epoch = first.epoch
    second.welcome()
    return first, second


def acts(host: Host) -> list[str]:
    return [lane for lane in host.lanes.lanes() if not lane.startswith("report:")]


def test_a_welcome_to_another_process_stops_it_at_once(
    older: Older, newer: Host, controllers: tuple[FakeController, FakeController]
) -> None:
    first, second = controllers
    welcome = wire.Welcome(hello="another", epoch=second.epoch, lease_seconds=60, wanted=(), at=newer.clock.now())
    assert older.session.take([first.command("welcome", welcome)]) == []
    older.session.answered(*older.lanes.step(acts(older)[0]))
    older.settle(20)
    assert older.session.epoch is None
    assert newer.driver.domains == {}


def test_a_heartbeat_answered_as_stale_stops_it_at_once(
    older: Older, newer: Host, controllers: tuple[FakeController, FakeController]
) -> None:
    first, _ = controllers
    older.session.take([first.command("lease", wire.Lease(beat=1, lease_seconds=0, at=newer.clock.now()))])
    older.settle(20)
    assert older.session.epoch is None
    assert newer.driver.domains == {}
    assert isinstance(older.bodies("hello")[-1], wire.Hello)


def test_what_it_is_told_of_older_epochs_changes_nothing(newer: Host, older: Older) -> None:
    controller = FakeController(newer)
    controller.epoch = 5
    controller.welcome()
    late = wire.Welcome(hello="earlier", epoch=3, lease_seconds=60, wanted=(), at=newer.clock.now())
    stale = wire.Lease(beat=1, lease_seconds=0, at=newer.clock.now())
    newer.session.take([controller.command("welcome", late), controller.command("lease", stale, epoch=5)])
    assert newer.session.epoch == 6


def test_a_server_deleted_by_the_newer_stays_deleted(
    older: Older, newer: Host, controllers: tuple[FakeController, FakeController]
) -> None:
    """The older one sleeps in the middle of a build, and wakes up when its server is gone."""
    _, second = controllers
    for _ in range(3):
        older.session.answered(*older.lanes.step(acts(older)[0]))
    second.want(goal(1, 2, Power.GONE))
    second.live(100)
    assert newer.driver.disks == {}
    older.settle(30)
    second.live(30)
    assert (newer.driver.domains, newer.driver.disks) == ({}, {})


def test_each_says_when_it_began(older: Older, newer: Host, controllers: tuple[FakeController, FakeController]) -> None:
    first, second = controllers
    assert first.hello().began < second.hello().began
    assert newer.clock.now() - timedelta(seconds=5) == older.said[0].at
