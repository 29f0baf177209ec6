"""Goals, hosts and files to build guests of."""

from typing import Any

from common.guest import Guest
from common.states import Power
from common.wire import Goal, Hardware, NetworkGoal, PortGoal
from compute_agent.domain_xml.host import GuestFiles, HostFacts

SERVER = "0192f0c0-1111-7222-8333-444444444444"
MACHINES = {"q35": "pc-q35-7.2", "pc": "pc-i440fx-7.2"}
TCG = HostFacts(virt_type="qemu", emulator="/usr/bin/qemu-system-x86_64", machines=MACHINES)
KVM = HostFacts(virt_type="kvm", emulator="/usr/bin/qemu-system-x86_64", machines=MACHINES, vhost=True)
USER = HostFacts(
    virt_type="qemu", emulator="/usr/bin/qemu-system-x86_64", machines=MACHINES, networks="user", direct_io=False
)
DISK = "/var/lib/toft/instances/s/disk.qcow2"
CONSOLE = "/var/lib/toft/instances/s/console.log"
FILES = GuestFiles(disk=DISK, console=CONSOLE, base="/var/lib/toft/cache/d.qcow2", drive="/var/lib/toft/s/config.iso")
BARE = GuestFiles(disk=DISK, console=CONSOLE)


def network(**changes: Any) -> NetworkGoal:
    known: dict[str, Any] = {
        "id": "0192f0c0-1111-7222-8333-555555555555",
        "cidr": "10.77.0.0/24",
        "gateway": "10.77.0.1",
        "dns": ("9.9.9.9", "1.1.1.1"),
        "mtu": 1450,
    }
    return NetworkGoal(**known | changes)


def port(number: int, **changes: Any) -> PortGoal:
    known: dict[str, Any] = {
        "id": f"0192f0c0-1111-7222-8333-6666666666{number:02x}",
        "network": network(),
        "mac": f"52:54:00:00:00:{number:02x}",
        "address": f"10.77.0.{10 + number}",
    }
    return PortGoal(**known | changes)


def goal(ports: tuple[PortGoal, ...] = (), hardware: Hardware | None = None, **guest: Any) -> Goal:
    asked = Guest(**{"vcpus": 2, "memory_mib": 512, "disk_gib": 5} | guest)
    return Goal(server=SERVER, generation=3, power=Power.ON, guest=asked, ports=ports, hardware=hardware)
