"""What differs between host and journal, through the session: after reboots, deletions undone, servers not wanted."""

import msgspec
import pytest

from common import wire
from common.states import Power
from tests.doubles.agent import FakeController, Host, goal, server_id

S1 = server_id(1)


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def controller(host: Host) -> FakeController:
    made = FakeController(host)
    made.welcome()
    made.want(goal(1))
    host.settle()
    return made


def reboot(host: Host) -> None:
    host.driver.boot()
    host.boot_id = "boot-2"
    host.kill()


def powers(host: Host) -> list[object]:
    return [(body.power, body.reason) for body in host.bodies("power")]  # type: ignore[attr-defined]


def test_a_rebooted_host_starts_what_ran(host: Host, controller: FakeController) -> None:
    controller.want(goal(2, power=Power.OFF))
    host.settle()
    reboot(host)
    controller.welcome()
    host.settle()
    assert host.driver.power(S1) is Power.ON
    assert host.driver.power(server_id(2)) is Power.OFF
    assert powers(host) == []
    controller.live(60)
    assert host.driver.domains[S1].boots == 2


def test_it_does_not_start_what_stopped_by_itself_before(host: Host, controller: FakeController) -> None:
    host.driver.power_off(S1)
    host.settle()
    reboot(host)
    controller.welcome()
    host.settle()
    assert host.driver.power(S1) is Power.OFF


def test_it_does_not_start_what_is_wished_off(host: Host, controller: FakeController) -> None:
    reboot(host)
    controller.goals[S1] = goal(1, power=Power.OFF)
    controller.welcome()
    host.settle()
    assert host.driver.power(S1) is Power.OFF
    entry = host.journal.entry(S1)
    assert entry is not None
    assert entry.goal.power is Power.OFF


def test_a_guest_that_stopped_while_no_agent_ran_is_told(host: Host, controller: FakeController) -> None:
    host.driver.boot()
    host.kill()
    controller.welcome()
    host.settle()
    assert [power for power, reason in powers(host)] == [Power.OFF]
    assert host.driver.power(S1) is Power.OFF


def test_a_guest_started_behind_our_back_is_told(host: Host, controller: FakeController) -> None:
    controller.want(goal(1, 2, Power.OFF))
    host.settle(3)
    host.driver.power_on(S1)
    host.settle()
    assert [power for power, reason in powers(host)] == [Power.ON]


def test_a_deleted_server_that_is_here_again_is_deleted_again(host: Host, controller: FakeController) -> None:
    kept = host.driver.domains[S1], host.driver.disks[S1]
    controller.want(goal(1, 2, Power.GONE))
    host.settle()
    del controller.goals[S1]
    host.driver.domains[S1], host.driver.disks[S1] = kept
    host.kill()
    controller.welcome()
    assert [(line.server, line.generation) for line in controller.hello().present] == [(S1, 1)]
    host.settle()
    assert host.driver.domains == {}
    assert host.driver.disks == {}


def test_files_that_a_call_made_long_after_its_server_was_deleted_are_removed(
    host: Host, controller: FakeController
) -> None:
    disk = host.driver.disks[S1]
    controller.want(goal(1, 2, Power.GONE))
    host.settle()
    del controller.goals[S1]
    host.driver.disks[S1] = disk
    controller.live(21)
    assert host.driver.disks == {}
    settled = host.bodies("settled")[-1]
    assert isinstance(settled, wire.Settled)
    assert settled.notes == {"again": "it was deleted, and files of it are here again"}


def test_files_are_removed_again_a_few_a_minute(host: Host, controller: FakeController) -> None:
    for number in range(2, 9):
        controller.want(goal(number))
    host.settle()
    disks = dict(host.driver.disks)
    for number in range(1, 9):
        controller.want(goal(number, 2, Power.GONE))
    host.settle()
    host.driver.disks = disks
    host.driver.lose_events()
    host.settle()
    assert len(host.driver.disks) == 3
    controller.live(90)
    assert host.driver.disks == {}


def test_files_of_a_server_that_nobody_knows_are_told_and_kept(host: Host, controller: FakeController) -> None:
    host.driver.disks[server_id(7)] = host.driver.disks[S1]
    controller.live(30)
    states = host.bodies("states")[-1]
    assert isinstance(states, wire.States)
    assert (states.strangers, states.leftovers, host.session.strangers) == ((), (server_id(7),), 1)
    assert server_id(7) in host.driver.disks
    host.kill()
    controller.welcome()
    assert controller.hello().leftovers == (server_id(7),)


def test_files_of_what_is_being_built_or_waits_for_its_repair_are_no_leftovers(
    host: Host, controller: FakeController
) -> None:
    host.driver.disks[server_id(2)] = host.driver.disks[S1]
    controller.want(goal(2))
    while not host.lanes.lanes():
        host.session.tick()
    host.session.tick()
    host.driver.lose_events()
    del host.driver.domains[S1]
    controller.live(30)
    told = [body.leftovers for body in host.bodies("states") if isinstance(body, wire.States)]
    assert told
    assert set(told) == {()}


def test_a_server_that_is_not_wanted_is_left_alone(
    host: Host, controller: FakeController, caplog: pytest.LogCaptureFixture
) -> None:
    controller.goals.clear()
    before = msgspec.structs.asdict(host.driver.domains[S1])
    host.kill()
    controller.welcome()
    host.driver.power_off(S1)
    controller.live(30)
    assert S1 in host.driver.domains
    assert host.driver.disks != {}
    del host.driver.domains[S1]
    controller.live(30)
    assert host.driver.domains == {}
    assert before["boots"] == 1


def test_an_unfinished_goal_that_is_not_wanted_is_not_begun(
    host: Host, controller: FakeController, caplog: pytest.LogCaptureFixture
) -> None:
    controller.want(goal(2))
    controller.goals.clear()
    host.kill()
    controller.welcome()
    controller.live(30)
    assert server_id(2) not in host.driver.domains
    assert "left alone" in caplog.text


def test_an_unfinished_delete_is_always_finished(host: Host, controller: FakeController) -> None:
    controller.want(goal(1, 2, Power.GONE))
    controller.goals.clear()
    host.kill()
    controller.welcome()
    host.settle()
    assert host.driver.domains == {}


def test_a_stranger_is_told_and_never_touched(host: Host, controller: FakeController) -> None:
    host.driver.strangers.add("s")
    host.driver.domains[server_id(7)] = msgspec.structs.replace(host.driver.domains[S1], goal=goal(7))
    controller.live(30)
    states = host.bodies("states")[-1]
    assert isinstance(states, wire.States)
    assert states.strangers == ("s",)
    assert [(line.server, line.generation, line.settled) for line in states.present] == [
        (S1, 1, True),
        (server_id(7), 1, False),
    ]
    assert server_id(7) in host.driver.domains


def test_lost_domains_are_built_again_a_few_a_minute_and_the_others_say_that_they_wait(
    host: Host, controller: FakeController
) -> None:
    for number in range(2, 9):
        controller.want(goal(number))
    host.settle()
    disks = dict(host.driver.disks)
    host.driver.domains.clear()
    host.driver.lose_events()
    host.settle()
    assert len(host.driver.domains) == 5
    states = host.bodies("states")[-1]
    assert isinstance(states, wire.States)
    reasons = {line.reason for line in states.present if line.server not in host.driver.domains}
    assert reasons == {"its domain was missing; repairing that waits, for a host repairs 5 in 60 s"}
    controller.live(90)
    assert {server: domain.power for server, domain in host.driver.domains.items()} == dict.fromkeys(disks, Power.ON)
    assert host.driver.disks == disks
    settled = host.bodies("settled")[-1]
    assert isinstance(settled, wire.Settled)
    assert settled.notes == {"again": "its domain was missing"}


def test_commands_are_not_limited_by_repairs(host: Host, controller: FakeController) -> None:
    for number in range(2, 20):
        controller.want(goal(number))
    host.settle()
    for number in range(2, 20):
        controller.want(goal(number, 2, Power.GONE))
    host.settle()
    assert list(host.driver.domains) == [S1]


def many(host: Host, controller: FakeController, number: int = 12) -> None:
    for one in range(2, number + 1):
        controller.want(goal(one))
    host.settle()
    reboot(host)


def running(host: Host) -> int:
    return sum(domain.power is Power.ON for domain in host.driver.domains.values())


def test_a_rebooted_host_starts_a_few_guests_at_once(host: Host, controller: FakeController) -> None:
    many(host, controller)
    controller.welcome()
    counts = []
    for _ in range(4):
        host.settle()
        counts.append(running(host))
        controller.live(10)
    assert counts == [4, 8, 12, 12]
    assert powers(host) == []
    assert {domain.boots for domain in host.driver.domains.values()} == {2}


def test_an_agent_killed_while_guests_return_goes_on_as_slowly(host: Host, controller: FakeController) -> None:
    many(host, controller)
    controller.welcome()
    host.settle()
    host.kill()
    controller.welcome()
    host.settle()
    assert running(host) == 8
    controller.live(20)
    assert running(host) == 12
    host.kill()
    host.driver.power_off(S1)
    controller.welcome()
    host.settle()
    assert [power for power, reason in powers(host)] == [Power.OFF]


def test_a_newer_wish_does_not_wait_for_its_turn(host: Host, controller: FakeController) -> None:
    many(host, controller)
    controller.welcome()
    controller.want(goal(12, 2))
    controller.want(goal(11))
    host.settle()
    assert running(host) == 5
    assert host.driver.power(server_id(12)) is Power.ON
    controller.want(goal(10, 2, Power.GONE))
    host.settle()
    assert server_id(10) not in host.driver.domains
