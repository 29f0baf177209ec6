"""A small fleet on one machine: a controller and agents as processes, each with a libvirtd in namespaces of its own.

Everything listens on loopback; every process is started here and ended by its id.
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from controller.cmd import clouds
from tests.services.libvirt_host import LibvirtHost, libvirt_host
from tests.services.ports import free_ports

BIN = Path(sys.executable).parent

SETTINGS = """\
[state]
path = {state}
[bus]
url = {bus}
[database]
url = {database}
[api]
port = {port}
[controller]
lease_seconds = 15
resend_seconds = 5
[agent]
name = {name}
boot_id = {boot}
heartbeat_seconds = 3
reserved_memory_mib = {reserved}
reserved_disk_gib = 1
"""


MEMORY_MIB = 1000
"""What each host offers: room for four small guests, so that six need two hosts."""


def _reserved() -> int:
    total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return int(total.split()[1]) // 1024 - MEMORY_MIB


@dataclass
class Fleet:
    """The controller, the hosts and how to reach them."""

    folder: Path
    bus: str
    database: str
    port: int
    hosts: list[LibvirtHost]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    password: str = "acceptance"

    def start_controller(self) -> None:
        """Start the controller's process."""
        config = self._config("controller")
        self._spawn("controller", [str(BIN / "toft"), "controller", "--config", config])

    def start_agent(self, host: LibvirtHost) -> None:
        """Start a host's agent inside its namespaces, in the machine's network so that loopback is shared."""
        config = self._config(host.name)
        self._spawn(host.name, host.command([str(BIN / "toft"), "agent", "--config", config], network=False))

    def kill(self, name: str) -> None:
        """End one process without any warning."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def openstack(self, *words: str) -> str:
        """Run the openstack client as the operator."""
        file = self.folder / "clouds.yaml"
        clouds.write(file, f"http://127.0.0.1:{self.port}", dict.fromkeys(clouds.ACCOUNTS, self.password))
        done = subprocess.run(
            [BIN / "openstack", "--os-cloud", clouds.ADMIN, *words],
            env={"OS_CLIENT_CONFIG_FILE": str(file), "PATH": "/usr/bin:/bin", "HOME": str(self.folder)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"openstack {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def servers(self) -> dict[str, str]:
        """Give each server's name and status."""
        return {s["Name"]: s["Status"] for s in json.loads(self.openstack("server", "list", "-f", "json"))}

    def wait_for(self, statuses: dict[str, str], seconds: float) -> float:
        """Wait until the servers are so; gives how long it took."""
        since = time.monotonic()
        while time.monotonic() - since < seconds:
            try:
                found = self.servers()
            except AssertionError:  # the controller is being restarted
                found = {}
            if found == statuses:
                return time.monotonic() - since
            time.sleep(1)
        raise AssertionError(f"after {seconds} s servers are {found}; wanted {statuses}")

    def domains(self) -> dict[str, list[str]]:
        """Give each host's running domains."""
        return {host.name: host.run("virsh", "-q", "list", "--name").split() for host in self.hosts}

    def _config(self, name: str) -> str:
        path = self.folder / f"{name}.conf"
        state = self.folder / name
        text = SETTINGS.format(
            state=state,
            bus=self.bus,
            database=self.database,
            port=self.port,
            name=name,
            boot=uuid.uuid4(),
            reserved=_reserved(),
        )
        path.write_text(text)
        return str(path)

    def _spawn(self, name: str, argv: list[str]) -> None:
        env = {**os.environ, "TOFT_ADMIN_PASSWORD": self.password}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(argv, stdout=log, stderr=log, env=env, start_new_session=True)


@contextmanager
def fleet(folder: Path, bus: str, database: str, count: int = 2) -> Iterator[Fleet]:
    """Have a fleet for a while: a controller and ``count`` agents, all up."""
    with ExitStack() as stack:
        hosts = [stack.enter_context(libvirt_host(f"host{n}")) for n in range(1, count + 1)]
        made = Fleet(folder, bus, database, free_ports(1)[0], hosts)
        stack.callback(lambda: [made.kill(name) for name in list(made.running)])
        made.start_controller()
        for host in hosts:
            made.start_agent(host)
        yield made
