"""Where the parts of a lab answer."""

import socket
from pathlib import Path

from lab import plan


def test_ports_are_free_and_not_among_those_that_the_kernel_lends_to_clients() -> None:
    lent = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first = plan.new(3, 2, "memory", 4096).ports["api"]
        taken.bind(("127.0.0.1", first))
        taken.listen()
        made = plan.new(3, 2, "memory", 4096).ports
    assert first not in made.values()
    assert len(set(made.values())) == len(plan.PORTS)
    assert all(port < lent for port in made.values())


def test_two_controllers_stand_behind_one_address() -> None:
    one, two = plan.new(3, 1, "libvirt", 4096), plan.new(3, 2, "libvirt", 4096)
    assert one.api_url.endswith(f":{one.ports['controller']}")
    assert two.api_url.endswith(f":{two.ports['api']}")
    assert two.controller_names == ["controller", "controller-2"]
    assert two.host_names == ["host1", "host2", "host3"]
