"""What is told without being asked, and when."""

import itertools

import msgspec
import pytest

from common import errors, wire
from compute_agent.driver.memory import INVENTORY
from tests.doubles.agent import FakeController, Host, goal, server_id


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def controller(host: Host) -> FakeController:
    made = FakeController(host)
    made.welcome()
    return made


def count(host: Host) -> dict[str, int]:
    kinds = [event.kind for event in host.said]
    return {kind: kinds.count(kind) for kind in ("heartbeat", "states", "inventory", "usage")}


def test_each_has_its_own_pace(host: Host, controller: FakeController) -> None:
    controller.live(1200)
    told = count(host)
    expected = {"heartbeat": 121, "states": 60, "inventory": 19, "usage": 41}
    assert {kind: abs(told[kind] / about - 1) < 0.15 for kind, about in expected.items()} == dict.fromkeys(told, True)


def test_hosts_keep_out_of_step(host: Host, controller: FakeController) -> None:
    controller.live(300)
    at = [event.at for event in host.said if event.kind == "states"]
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(at)]
    assert all(15 <= gap <= 25 for gap in gaps)
    assert len({round(gap) for gap in gaps}) > 3


def test_a_storm_of_events_makes_one_look_in_two_seconds(host: Host, controller: FakeController) -> None:
    host.settle()
    for _ in range(12):
        host.driver.lose_events()
        host.settle(0.2)
    assert len(host.bodies("states")) == 2


def test_a_changed_inventory_is_told_with_the_next_look(host: Host, controller: FakeController) -> None:
    host.driver.resize(msgspec.structs.replace(INVENTORY, disk_free_gib=1))
    controller.live(21)
    assert host.bodies("inventory") == []
    host.driver.resize(msgspec.structs.replace(INVENTORY, memory_mib=1024))
    controller.live(21)
    assert [body.memory_mib for body in host.bodies("inventory")] == [1024]  # type: ignore[attr-defined]


def test_usage_is_of_what_runs(host: Host, controller: FakeController) -> None:
    controller.want(goal(1))
    controller.live(40)
    usage = host.bodies("usage")[-1]
    assert isinstance(usage, wire.Usage)
    assert [(one.server, one.memory_kib) for one in usage.servers] == [(server_id(1), 512 * 1024)]


def test_a_look_that_fails_is_tried_at_its_next_time(
    host: Host, controller: FakeController, caplog: pytest.LogCaptureFixture
) -> None:
    host.driver.fail("listing", errors.HypervisorError("away"))
    controller.live(41)
    assert "no report of states: away" in caplog.text
    assert len(host.bodies("states")) == 1


def test_a_look_that_hangs_is_not_begun_twice(host: Host, controller: FakeController) -> None:
    host.settle()
    host.clock.advance(21)
    host.session.tick()
    host.clock.advance(21)
    host.session.tick()
    assert len(host.lanes.waiting["report:states"]) == 1


def test_nothing_is_told_of_a_look_that_ends_after_the_welcome_was_lost(host: Host, controller: FakeController) -> None:
    host.settle()
    host.clock.advance(21)
    host.session.tick()
    host.clock.advance(60)
    host.session.tick()
    assert host.session.epoch is None
    before = len(host.said)
    host.settle()
    controller.answer()
    host.settle()
    assert [event.kind for event in host.said[before:]].count("states") == 0


def test_the_state_of_a_failed_or_stuck_server_says_why(host: Host, controller: FakeController) -> None:
    host.driver.fail("ensure_image", errors.InvalidImage("not qcow2"))
    controller.want(goal(1))
    controller.want(goal(2))
    host.lanes.hung = {f"server:{server_id(2)}": "start has not come back for 60 s"}
    controller.live(21)
    states = host.bodies("states")[-1]
    assert isinstance(states, wire.States)
    assert [(line.settled, line.reason) for line in states.present] == [
        (False, "not qcow2"),
        (True, "start has not come back for 60 s"),
    ]


def test_a_server_that_is_worked_on_is_told_as_it_was_last_told(host: Host, controller: FakeController) -> None:
    controller.want(goal(1))
    controller.live(2)
    controller.want(goal(1, 2, restart="hard"))
    for _ in range(2):
        host.lane(f"server:{server_id(1)}")
    assert host.driver.power(server_id(1)).value == "off"
    host.driver.lose_events()
    host.session.domain_event(host.heard.pop())
    host.session.tick()
    host.lane("report:states")
    host.publish()
    states = host.bodies("states")[-1]
    assert isinstance(states, wire.States)
    assert [(line.generation, line.power.value, line.settled) for line in states.present] == [(2, "on", False)]


def test_chores_drop_what_nobody_needs(host: Host, controller: FakeController) -> None:
    host.driver.images |= {"old", "e" * 64}
    wish = goal(1)
    assert wish.image is not None
    host.driver.fail("ensure_image", errors.InvalidImage("never fetched"))
    controller.want(msgspec.structs.replace(wish, image=msgspec.structs.replace(wish.image, digest="e" * 64)))
    controller.want(goal(2, power="gone"))  # type: ignore[arg-type]
    controller.live(2)
    assert host.journal.entry(server_id(2)) is not None
    controller.lease_seconds = 1e9
    controller.turn()
    host.clock.advance(31 * 86400)
    controller.live(1)
    host.clock.advance(3600)
    controller.live(1)
    assert host.driver.images == {"e" * 64}
    assert host.journal.entry(server_id(2)) is None
