"""What a host takes back of what calls left that were made long after they were given up."""

import msgspec
import pytest

from common import wire
from common.states import Power
from tests.doubles.agent import NETWORK, FakeController, Host, goal, port


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def controller(host: Host) -> FakeController:
    made = FakeController(host)
    made.lease_seconds = 1e9
    made.welcome()
    made.want(goal(1))
    host.settle()
    return made


def bound(host: Host) -> set[str]:
    return {one.mac for one in host.driver.ports.values()}


def test_an_address_that_nobody_is_to_have_is_taken_back(host: Host, controller: FakeController) -> None:
    host.driver.bind_port(port(2))
    do_chores(host, controller)
    assert bound(host) == {port(1).mac}
    assert NETWORK.id in host.driver.networks


def test_a_network_that_nobody_is_to_have_goes(host: Host, controller: FakeController) -> None:
    other = msgspec.structs.replace(NETWORK, id="00000000-0000-4000-8000-00000000000e")
    host.driver.ensure_network(other)
    do_chores(host, controller)
    assert set(host.driver.networks) == {NETWORK.id}


def test_what_a_deleted_server_had_goes_when_a_call_made_it_again(host: Host, controller: FakeController) -> None:
    controller.want(goal(1, 2, Power.GONE))
    host.settle()
    host.driver.ensure_network(NETWORK)
    host.driver.bind_port(port(1))
    do_chores(host, controller)
    assert [host.driver.ports, host.driver.networks] == [{}, {}]


def test_what_a_domain_has_that_the_journal_does_not_know_stays(host: Host, controller: FakeController) -> None:
    stranger = goal(2)
    host.driver.ensure_disk(stranger.server, wire.ImageSource("d" * 64, "qcow2", 1, 1), 1)
    host.driver.bind_port(port(2))
    host.driver.define(stranger)
    do_chores(host, controller)
    assert bound(host) == {port(1).mac, port(2).mac}


@pytest.mark.parametrize("heard", [False, True])
def test_a_server_that_comes_while_the_chores_are_done_keeps_its_address(
    host: Host, controller: FakeController, heard: bool
) -> None:
    host.driver.bind_port(port(2))
    begin_chores(host)
    if heard:  # its address is taken back by now, or will be before it is bound again
        host.lane("report:chores")
    controller.want(goal(2))
    host.settle()
    assert bound(host) == {port(1).mac, port(2).mac}


def test_nothing_is_taken_back_once_the_welcome_is_lost(host: Host, controller: FakeController) -> None:
    host.driver.bind_port(port(2))
    begin_chores(host)
    fence = wire.Lease(beat=0, lease_seconds=0, at=host.clock.now())
    host.session.take([controller.command("lease", fence)])
    host.settle()
    assert bound(host) == {port(1).mac, port(2).mac}


def do_chores(host: Host, controller: FakeController) -> None:
    host.clock.advance(2 * host.settings.chores_seconds)
    controller.live(2)


def begin_chores(host: Host) -> None:
    """Let the chores come to where they ask what is left over, and have not heard it yet."""
    host.clock.advance(2 * host.settings.chores_seconds)
    host.session.tick()
    host.lane("image:")
    assert [call.name for call, _ in host.lanes.waiting["report:chores"]] == ["network_leftovers"]
