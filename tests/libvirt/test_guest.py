"""A real guest, from its first boot to the end of its files."""

import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import libvirt
import msgspec
import pytest

from common.states import Power
from tests.contract.driver_suite import NETWORK, SERVER, goal_for, port, prepare, remove

URI = "qemu:///system"


@pytest.fixture
def virsh():
    connection = libvirt.open(URI)
    yield connection
    connection.close()


@pytest.fixture
def clean():
    """Gathers drivers to be tidied up after a test that may have failed half-way."""
    made = []
    yield made.append
    for driver in made:
        remove(driver, SERVER)
        for number in (1, 2):
            driver.unbind_port(NETWORK.id, port(number).mac)
        driver.remove_network(NETWORK.id)


def built(driver, tiny, **changes):
    goal = goal_for(tiny, **changes)
    prepare(driver, goal)
    return msgspec.structs.replace(goal, hardware=driver.define(goal))


def console_shows(driver, text: str, seconds: float = 90) -> str:
    end = time.monotonic() + seconds
    while text not in (shown := driver.console(SERVER, None)):
        assert time.monotonic() < end, f"no {text!r} on the console:\n{shown[-2000:]}"
        time.sleep(0.2)
    return shown


def is_off(event) -> bool:
    return event.power is Power.OFF


def test_a_guest_lives(driver, tiny, heard, clean, virsh):
    clean(driver)
    goal = built(driver, tiny)
    driver.start(SERVER)
    assert heard.until(lambda e: e.power is Power.ON).server == SERVER
    console_shows(driver, "guest login:")
    for address in ("10.123.0.101", "10.123.0.102"):
        console_shows(driver, address)
    assert driver.console(SERVER, 1).count("\n") <= 1
    driver.shutdown(SERVER)
    event = heard.until(is_off)
    assert (event.server, event.reason, event.lost) == (SERVER, "the guest powered off", False)
    driver.shutdown(SERVER)
    assert driver.power(SERVER) is Power.OFF
    buses = addresses(virsh)
    driver.define(msgspec.structs.replace(goal, generation=2, ports=(port(2),)))
    driver.start(SERVER)
    assert addresses(virsh) == {key: at for key, at in buses.items() if key != port(1).mac}
    domain = virsh.lookupByUUIDString(SERVER)
    assert (domain.autostart(), domain.name()) == (0, SERVER)


def addresses(connection) -> dict[str, str]:
    """Where the disks and NICs sit, by target and MAC."""
    from compute_agent.domain_xml.domain import Domain

    devices = Domain.from_xml(connection.lookupByUUIDString(SERVER).XMLDesc()).devices
    found = {disk.target: str(disk.address) for disk in devices.disks}
    return found | {nic.mac: str(nic.address) for nic in devices.interfaces}


def test_a_saved_state_is_dropped_and_never_in_the_way(driver, tiny, clean, virsh):
    clean(driver)
    built(driver, tiny)
    driver.start(SERVER)
    virsh.lookupByUUIDString(SERVER).managedSave()
    driver.start(SERVER)
    assert virsh.lookupByUUIDString(SERVER).hasManagedSaveImage() == 0
    virsh.lookupByUUIDString(SERVER).managedSave()
    driver.undefine(SERVER)
    assert driver.power(SERVER) is Power.GONE


def test_a_killed_qemu_is_a_crash(driver, tiny, heard, clean):
    clean(driver)
    built(driver, tiny)
    driver.start(SERVER)
    pid = Path(f"/run/libvirt/qemu/{SERVER}.pid").read_text()
    subprocess.run(["kill", "-9", pid], check=True)
    event = heard.until(lambda e: e.power is Power.CRASHED)
    assert event.server == SERVER
    assert driver.power(SERVER) is Power.CRASHED
    driver.start(SERVER)
    assert driver.power(SERVER) is Power.ON


def test_a_paused_guest_goes_on(driver, tiny, clean, virsh):
    clean(driver)
    built(driver, tiny)
    driver.start(SERVER)
    virsh.lookupByUUIDString(SERVER).suspend()
    assert driver.power(SERVER) is Power.PAUSED
    driver.start(SERVER)
    assert driver.power(SERVER) is Power.ON


def test_a_clone_is_a_stranger(driver, tiny, clean, virsh):
    clean(driver)
    built(driver, tiny)
    other = "01910000-0000-7000-8000-00000000ffff"
    document = virsh.lookupByUUIDString(SERVER).XMLDesc()
    for kind in ("uuid", "name"):
        document = document.replace(f"<{kind}>{SERVER}", f"<{kind}>{other if kind == 'uuid' else 'clone'}")
    document = document.replace(f"name='uuid'>{SERVER}", f"name='uuid'>{other}")
    clone = virsh.defineXML(document.replace(f'name="uuid">{SERVER}', f'name="uuid">{other}'))
    plain = virsh.defineXML(
        "<domain type='qemu'><name>plain</name><memory>65536</memory><os><type>hvm</type></os></domain>"
    )
    try:
        listing = driver.listing()
        assert [present.server for present in listing.present] == [SERVER]
        assert set(listing.strangers) == {other, plain.UUIDString()}
    finally:
        clone.undefine()
        plain.undefine()


def test_only_networks_of_ours_are_removed(driver, clean, virsh):
    foreign = virsh.networkDefineXML("<network><name>foreign</name></network>")
    driver.ensure_network(NETWORK)
    try:
        assert driver.own_networks() == (NETWORK.id,)
        assert not driver.remove_network(foreign.UUIDString())
        assert driver.remove_network(NETWORK.id)
        assert driver.own_networks() == ()
    finally:
        foreign.undefine()


def test_nothing_is_left_of_a_nic_that_was_taken_away(driver, clean, tiny, virsh):
    clean(driver)
    goal = built(driver, tiny)
    assert port(2).mac in virsh.networkLookupByUUIDString(NETWORK.id).XMLDesc()
    fewer = msgspec.structs.replace(goal, ports=goal.ports[:1])
    driver.define(fewer)
    document = virsh.networkLookupByUUIDString(NETWORK.id).XMLDesc()
    assert port(1).mac in document
    assert port(2).mac not in document
    driver.define(msgspec.structs.replace(fewer, ports=()))
    assert driver.own_networks() == ()


def test_an_address_moves_to_another_port(driver, clean, virsh):
    clean(driver)
    driver.ensure_network(NETWORK)
    driver.bind_port(port(1))
    driver.bind_port(msgspec.structs.replace(port(2), address=port(1).address))
    document = virsh.networkLookupByUUIDString(NETWORK.id).XMLDesc()
    assert port(2).mac in document
    assert port(1).mac not in document
    driver.unbind_port(NETWORK.id, port(2).mac)


def test_libvirtd_comes_back(driver, heard, clean, tiny):
    clean(driver)
    built(driver, tiny)
    driver.start(SERVER)
    subprocess.run("kill -9 $(pidof -s libvirtd)", shell=True, check=True)  # its host starts it again
    assert heard.until(lambda e: e.lost).power is None
    assert driver.power(SERVER) is Power.ON
    driver.shutdown(
        SERVER
    )  # waits until libvirtd has its monitor again: a guest cut off before that dies without an event
    driver.destroy(SERVER)
    assert heard.until(is_off).server == SERVER


def banner(number: int, seconds: float = 60) -> bytes:
    """Read how the server behind a port of loopback begins, once it is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", number), timeout=5) as connection:
            if begin := connection.recv(4):
                return begin
        time.sleep(0.2)
    raise AssertionError(f"nothing speaks behind port {number}")


def test_ssh_is_forwarded_where_there_are_no_taps(make_driver, tiny, clean):
    driver = make_driver(network="user")
    clean(driver)
    built(driver, tiny, ports=(port(1),))
    assert driver.notes(SERVER) == {}
    driver.start(SERVER)
    driver.start(SERVER)
    assert driver.notes(SERVER) == {"ssh": "127.0.0.1:20022"}
    assert driver.own_networks() == ()
    # it has the address that its port has, and what is forwarded leads there
    console_shows(driver, f"has {port(1).address}")
    assert banner(20022) == b"SSH-"
    driver.destroy(SERVER)
    driver.start(SERVER)
    assert driver.notes(SERVER) == {"ssh": "127.0.0.1:20022"}
