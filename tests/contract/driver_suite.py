"""What every driver does. A test class inherits DriverSuite and gives it a connected ``driver`` and an ``image``."""

import base64

import msgspec
import pytest

from common import errors
from common.guest import Guest
from common.states import Power
from common.wire import DriveGoal, Goal, ImageSource, NetworkGoal, PlacedCell, Placement, PortGoal
from compute_agent.driver.contract import Driver

SERVER = "01910000-0000-7000-8000-00000000a001"
OTHER = "01910000-0000-7000-8000-00000000a002"

NETWORK = NetworkGoal(
    id="01910000-0000-7000-8000-00000000b001", cidr="10.123.0.0/24", gateway="10.123.0.1", dns=("10.123.0.1",)
)


def port(number: int) -> PortGoal:
    return PortGoal(
        id=f"01910000-0000-7000-8000-00000000c{number:03x}",
        network=NETWORK,
        mac=f"fa:16:3e:00:00:{number:02x}",
        address=f"10.123.0.{100 + number}",
    )


def goal_for(image: ImageSource, server: str = SERVER, **changes: object) -> Goal:
    goal = Goal(
        server=server,
        generation=1,
        power=Power.OFF,
        guest=Guest(vcpus=1, memory_mib=128, disk_gib=1),
        image=image,
        ports=(port(1), port(2)),
        drive=DriveGoal(
            hostname="guest", name="guest", project="p", user_data=base64.b64encode(b"#!/bin/sh\n").decode()
        ),
    )
    return msgspec.structs.replace(goal, **changes)


def prepare(driver: Driver, goal: Goal) -> None:
    """Have all that a domain stands on."""
    driver.ensure_image(goal.image)
    driver.ensure_network(NETWORK)
    for wanted in goal.ports:
        driver.bind_port(wanted)
    driver.ensure_disk(goal.server, goal.image, goal.guest.disk_gib)
    driver.ensure_drive(goal.server, goal.drive, goal.ports)


def remove(driver: Driver, server: str) -> None:
    driver.destroy(server)
    driver.undefine(server)
    driver.remove_files(server)


class DriverSuite:
    """The tests; ``clean`` removes what they leave."""

    @pytest.fixture(autouse=True)
    def clean(self, driver: Driver):
        yield
        for server in (SERVER, OTHER):
            remove(driver, server)
        for number in (1, 2, 3):
            driver.unbind_port(NETWORK.id, port(number).mac)
        assert driver.remove_network(NETWORK.id)

    @pytest.fixture
    def defined(self, driver: Driver, image: ImageSource) -> Goal:
        goal = goal_for(image)
        prepare(driver, goal)
        return msgspec.structs.replace(goal, hardware=driver.define(goal))

    def test_an_unknown_server_is_gone(self, driver):
        assert driver.power(SERVER) is Power.GONE
        assert driver.listing().present == ()
        assert SERVER not in driver.listing().files

    def test_files_without_a_domain_are_listed(self, driver, image):
        driver.ensure_image(image)
        driver.ensure_disk(SERVER, image, 1)
        assert SERVER in driver.listing().files
        driver.remove_files(SERVER)
        assert SERVER not in driver.listing().files

    def test_files_of_a_domain_are_not_listed(self, driver, defined):
        assert SERVER not in driver.listing().files
        driver.undefine(SERVER)
        assert SERVER in driver.listing().files

    @pytest.mark.parametrize("verb", ["destroy", "undefine", "remove_files"])
    def test_what_is_not_there_is_removed(self, driver, verb):
        getattr(driver, verb)(SERVER)

    @pytest.mark.parametrize("verb", ["start", "shutdown"])
    def test_what_is_not_there_cannot_run(self, driver, verb):
        with pytest.raises(errors.GoneOnHost):
            getattr(driver, verb)(SERVER)

    def test_what_is_not_there_has_no_console(self, driver):
        with pytest.raises(errors.GoneOnHost):
            driver.console(SERVER, None)

    def test_a_domain_needs_its_disk(self, driver, image):
        driver.ensure_image(image)
        with pytest.raises(errors.GoneOnHost):
            driver.define(goal_for(image))

    def test_a_disk_needs_its_image(self, driver, image):
        with pytest.raises(errors.GoneOnHost):
            driver.ensure_disk(SERVER, msgspec.structs.replace(image, digest="0" * 64), 1)

    def test_a_defined_domain_is_listed_and_off(self, driver, defined):
        (present,) = driver.listing().present
        assert (present.server, present.generation, present.power) == (SERVER, 1, Power.OFF)
        assert driver.listing().strangers == ()
        assert driver.power(SERVER) is Power.OFF

    def test_a_placement_that_the_host_has_not_is_refused(self, driver, image):
        away = Placement(cells=(PlacedCell(cell=4000, vcpus=(0,), memory_mib=128),))
        goal = goal_for(image, placement=away)
        prepare(driver, goal)
        with pytest.raises(errors.HypervisorError, match="NUMA cell 4000"):
            driver.define(goal)

    def test_a_placement_for_another_guest_is_refused(self, driver, image):
        goal = goal_for(image, placement=Placement(cells=(PlacedCell(cell=0, vcpus=(0, 1), memory_mib=128),)))
        prepare(driver, goal)
        with pytest.raises(errors.BadRequest, match="contradicts"):
            driver.define(goal)

    def test_everything_may_be_done_twice(self, driver, defined):
        prepare(driver, defined)
        assert driver.define(defined) == defined.hardware
        for verb, power in [("start", Power.ON), ("destroy", Power.OFF), ("undefine", Power.GONE)]:
            getattr(driver, verb)(SERVER)
            getattr(driver, verb)(SERVER)
            assert driver.power(SERVER) is power
        driver.remove_files(SERVER)
        driver.remove_files(SERVER)

    def test_a_running_domain_is_listed_and_measured(self, driver, defined):
        driver.start(SERVER)
        assert [present.power for present in driver.listing().present] == [Power.ON]
        assert [used.server for used in driver.usage().servers] == [SERVER]
        assert "load average: " in driver.usage().uptime
        assert driver.console(SERVER, 0) == ""
        assert isinstance(driver.notes(SERVER), dict)

    def test_a_running_domain_may_be_defined_anew(self, driver, defined):
        driver.start(SERVER)
        driver.define(msgspec.structs.replace(defined, generation=7))
        (present,) = driver.listing().present
        assert (present.generation, present.power) == (7, Power.ON)

    def test_a_domain_starts_again(self, driver, defined):
        driver.start(SERVER)
        driver.destroy(SERVER)
        driver.start(SERVER)
        assert driver.power(SERVER) is Power.ON

    def test_what_stays_keeps_its_address(self, driver, defined):
        before = {device.role: device.address for device in defined.hardware.devices}
        fewer = msgspec.structs.replace(defined, generation=2, ports=(port(2),))
        after = {device.role: device.address for device in driver.define(fewer).devices}
        assert len(after) == len(before) - 1
        assert after == {role: before[role] for role in after}

    def test_what_comes_takes_no_ones_address(self, driver, defined):
        fewer = msgspec.structs.replace(defined, generation=2, ports=(port(2),))
        kept = msgspec.structs.replace(fewer, hardware=driver.define(fewer))
        driver.bind_port(port(3))
        more = msgspec.structs.replace(kept, generation=3, ports=(port(3), port(2)))
        before = {device.role: device.address for device in kept.hardware.devices}
        after = {device.role: device.address for device in driver.define(more).devices}
        assert {role: after[role] for role in before} == before
        addresses = [tuple(sorted(address.items())) for address in after.values() if address]
        assert len(set(addresses)) == len(addresses)

    def test_a_network_goes_with_the_last_nic_on_it(self, driver, defined):
        fewer = msgspec.structs.replace(defined, generation=2, ports=(port(2),))
        driver.define(fewer)
        driver.bind_port(port(1))
        driver.define(msgspec.structs.replace(fewer, generation=3, ports=()))
        with pytest.raises(errors.GoneOnHost):
            driver.bind_port(port(1))

    def test_a_network_in_use_stays(self, driver, defined):
        assert not driver.remove_network(NETWORK.id)
        driver.start(SERVER)
        assert driver.power(SERVER) is Power.ON

    def test_ports_are_unbound_twice_and_without_a_network(self, driver):
        driver.unbind_port(NETWORK.id, port(1).mac)
        driver.ensure_network(NETWORK)
        driver.bind_port(port(1))
        driver.unbind_port(NETWORK.id, port(1).mac)
        driver.unbind_port(NETWORK.id, port(1).mac)

    def test_addresses_that_no_domain_has_are_left_over(self, driver, defined):
        driver.bind_port(port(3))
        assert driver.network_leftovers()[NETWORK.id] == (port(3).mac,)
        driver.unbind_port(NETWORK.id, port(3).mac)
        assert driver.network_leftovers()[NETWORK.id] == ()

    def test_two_servers_live_side_by_side(self, driver, image, defined):
        other = goal_for(image, OTHER, ports=(port(3),))
        prepare(driver, other)
        driver.define(other)
        driver.start(OTHER)
        remove(driver, SERVER)
        assert [(p.server, p.power) for p in driver.listing().present] == [(OTHER, Power.ON)]

    def test_a_used_image_is_never_dropped(self, driver, defined):
        assert driver.prune_images(frozenset()) == ()
        driver.start(SERVER)

    def test_the_inventory_has_something_to_give(self, driver):
        found = driver.inventory()
        assert min(found.cpus, found.memory_mib, found.disk_gib) > 0
        assert {"VCPU", "MEMORY_MB", "DISK_GB"} <= found.reserved.keys()
        assert found.machines

    def test_a_drive_and_disk_are_written_once(self, driver, defined):
        changed = msgspec.structs.replace(defined.drive, hostname="another")
        driver.ensure_drive(SERVER, changed, defined.ports)
        driver.ensure_disk(SERVER, defined.image, 100)
        driver.start(SERVER)
