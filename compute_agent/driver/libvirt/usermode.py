"""User-mode networking, where taps are refused: the guest reaches out through QEMU, and its SSH is forwarded to a port
of this host's loopback."""

import socket
from collections.abc import Iterator

import libvirt
import libvirt_qemu

from common import errors
from compute_agent.domain_xml.user_networks import FIRST
from compute_agent.driver.libvirt.faults import ours
from compute_agent.driver.libvirt.storage.paths import Paths

LOOPBACK = "127.0.0.1"


class SshForwards:
    """Forwarded ports of the servers on this host, each noted in its server's folder.

    :param ports: first and last port, as ``20022-20999``.
    """

    def __init__(self, paths: Paths, ports: str) -> None:
        self._paths = paths
        first, _, last = ports.partition("-")
        self._ports = range(int(first), int(last or first) + 1)

    def forward(self, connection: libvirt.virConnect, server: str) -> None:
        """Have a port forwarded to a running server's SSH; the one it had before, if it is free.

        :raises HypervisorError: no port is free, or QEMU refuses.
        """
        with ours(f"forward a port to {server}"):
            domain = connection.lookupByUUIDString(server)
            if "HOST_FORWARD" in _monitor(domain, "info usernet"):
                return
            port = self._forward(domain, server)
        self._paths.ssh_port(server).write_text(str(port))

    def address(self, server: str) -> str | None:
        """Give ``address:port`` of a server's SSH, or None."""
        port = self._noted(server)
        return f"{LOOPBACK}:{port}" if port else None

    def _forward(self, domain: libvirt.virDomain, server: str) -> int:
        said = "no port is left"
        for port in filter(_is_free, self._candidates(server)):
            said = _monitor(domain, f"hostfwd_add {FIRST} tcp:{LOOPBACK}:{port}-:22").strip()
            if not said:
                return port
        raise errors.HypervisorError(f"no port from {self._ports[0]} to {self._ports[-1]} forwards to {server}: {said}")

    def _candidates(self, server: str) -> Iterator[int]:
        mine = self._noted(server)
        taken = {int(note.read_text()) for note in self._paths.instances.glob("*/ssh_port")}
        if mine:
            yield mine
        yield from (port for port in self._ports if port not in taken)

    def _noted(self, server: str) -> int | None:
        note = self._paths.ssh_port(server)
        return int(note.read_text()) if note.exists() else None


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        # as QEMU does: a connection that has just ended keeps nobody from listening
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _monitor(domain: libvirt.virDomain, command: str) -> str:
    return libvirt_qemu.qemuMonitorCommand(domain, command, libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP)
