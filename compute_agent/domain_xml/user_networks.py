"""User-mode networking: each NIC has a network of its own inside QEMU, which looks as the real one would.

libvirt can name the subnet of such a network, but not the address that its DHCP gives: that would be the 15th always.
So the networks are made on QEMU's command line, and libvirt's NICs are connected to them.
"""

import ipaddress
from collections.abc import Iterator, Sequence

from common.wire import NetworkGoal, PortGoal
from compute_agent.domain_xml import qemu

FIRST = "toft0"
"""QEMU's name of the network that a guest's first NIC is on."""


def command_line(ports: Sequence[PortGoal]) -> qemu.CommandLine | None:
    """Make the networks of a guest's NICs."""
    words = [word for index, port in enumerate(ports) for word in ("-netdev", _netdev(index, port))]
    return qemu.CommandLine(args=tuple(qemu.Arg(value=word) for word in words)) if words else None


def override(ports: Sequence[PortGoal]) -> qemu.Override | None:
    """Connect each NIC to its network; ``net0`` is libvirt's name of the first."""
    devices = tuple(_connected(f"net{index}", _name(index)) for index, _ in enumerate(ports))
    return qemu.Override(devices=devices) if devices else None


def _name(index: int) -> str:
    return f"toft{index}"


def _connected(nic: str, network: str) -> qemu.Device:
    return qemu.Device(alias=nic, frontend=qemu.Frontend(properties=(qemu.Property(name="netdev", value=network),)))


def _netdev(index: int, port: PortGoal) -> str:
    net = port.network
    free = _free(net, port.address)
    words = {
        "id": _name(index),
        "net": net.cidr,
        "host": net.gateway or next(free),
        "dns": next(free),
        "dhcpstart": port.address,
        # without a gateway nothing leads out; what is forwarded still comes in
        "restrict": None if net.gateway else "on",
    }
    return ",".join(["user", *(f"{key}={value}" for key, value in words.items() if value)])


def _free(net: NetworkGoal, guest: str | None) -> Iterator[str]:
    """Give addresses at the subnet's end for QEMU itself: those that neither the gateway nor the guest has."""
    subnet = ipaddress.ip_network(net.cidr)
    return (address for place in (-2, -3, -4) if (address := str(subnet[place])) not in (net.gateway, guest))
