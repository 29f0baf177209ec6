"""User-mode networks: the guest is given the address, the gateway and the subnet that its port has."""

from typing import Any

import pytest

from compute_agent.domain_xml.user_networks import FIRST, command_line, override
from tests.unit.compute_agent.domain_xml import samples


def netdev(address: str | None, **network: Any) -> dict[str, str]:
    made = command_line((samples.port(1, address=address, network=samples.network(**network)),))
    assert made is not None
    option, words = (arg.value for arg in made.args)
    assert option == "-netdev"
    kind, *pairs = words.split(",")
    assert kind == "user"
    return dict(pair.split("=") for pair in pairs)


def test_the_guest_sees_its_subnet() -> None:
    assert netdev("10.77.0.9") == {
        "id": FIRST,
        "net": "10.77.0.0/24",
        "host": "10.77.0.1",
        "dns": "10.77.0.254",
        "dhcpstart": "10.77.0.9",
    }


@pytest.mark.parametrize(
    ("guest", "gateway", "host", "dns"),
    [
        ("10.77.0.6", "10.77.0.1", "10.77.0.1", "10.77.0.5"),
        ("10.77.0.5", "10.77.0.6", "10.77.0.6", "10.77.0.4"),
        ("10.77.0.2", None, "10.77.0.6", "10.77.0.5"),
        ("10.77.0.6", None, "10.77.0.5", "10.77.0.4"),
        ("10.77.0.5", None, "10.77.0.6", "10.77.0.4"),
    ],
)
def test_qemu_takes_no_address_that_is_taken(guest: str, gateway: str | None, host: str, dns: str) -> None:
    made = netdev(guest, cidr="10.77.0.0/29", gateway=gateway)
    assert (made["host"], made["dns"], made["dhcpstart"]) == (host, dns, guest)


def test_without_a_gateway_nothing_leads_out() -> None:
    assert netdev("10.77.0.9", gateway=None)["restrict"] == "on"


def test_a_port_without_address_gets_any() -> None:
    assert "dhcpstart" not in netdev(None)


def test_each_nic_is_connected_to_its_own_network() -> None:
    ports = (samples.port(1), samples.port(2))
    made = override(ports)
    assert made is not None
    assert [(d.alias, d.frontend.properties[0].name, d.frontend.properties[0].value) for d in made.devices] == [
        ("net0", "netdev", FIRST),
        ("net1", "netdev", "toft1"),
    ]


def test_a_guest_without_nics_has_none() -> None:
    assert (command_line(()), override(())) == (None, None)
