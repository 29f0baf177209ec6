"""What a lab is made of, in the order in which it starts."""

import os
import subprocess
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from lab import disks, files, network, places, tenant
from lab.keeper import Part
from lab.plan import Plan
from lab.processes import Command
from tests.services.libvirt_host import LibvirtHost
from tests.services.postgresql import PostgreSQL
from tests.services.rabbitmq import RabbitMQ

TOFT = str(places.BIN / "toft")
NICE = 19
"""Guests without KVM take all CPU there is; a lab's services are to answer beside them, as on machines of their own."""


class Parts:
    """The parts of a planned lab."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._hosts: dict[str, LibvirtHost] = {}
        self._boots: dict[str, str] = {}
        self._database = ""

    def services(self) -> Iterator[Part]:
        """Give the database and the broker."""
        yield Part("postgresql", self._postgresql())
        yield Part("rabbitmq", self._rabbitmq())

    def hosts(self) -> Iterator[Part]:
        """Give the hosts; with the memory driver there are none."""
        for number, name in enumerate(self._plan.host_names if self._plan.driver == "libvirt" else [], 1):
            folder = places.STATE / name
            folder.mkdir()
            self._hosts[name] = LibvirtHost(name, folder, NICE)
            yield Part(name, partial(self._start_host, number, name))

    def keep_capabilities(self) -> None:
        """Let hosts that start later know what the first one's libvirt learns of QEMU, which takes up to a minute."""
        for host in [*self._hosts.values()][:1]:
            host.run("virsh", "domcapabilities", "--virttype", "qemu")
            host.keep_capabilities()

    def controllers(self) -> Iterator[Part]:
        """Give the controllers, and what stands before them where there are two."""
        for name in self._plan.controller_names:
            argv = [TOFT, "controller", "--config", str(files.controller(self._plan, name))]
            command = Command(name, partial(list, argv), TOFT_ADMIN_PASSWORD=self._plan.password)
            url = f"http://{self._plan.address}:{self._plan.ports[name]}"
            yield Part(name, command.start, partial(_answers, url))
        if self._plan.controllers > 1:
            argv = ["/usr/sbin/haproxy", "-db", "-f", str(files.haproxy(self._plan))]
            yield Part("haproxy", Command("haproxy", partial(list, argv)).start, partial(_answers, self._plan.api_url))

    def enroll(self) -> None:
        """Have a controller let each host in, and write the settings of its agent that are secret.

        :raises RuntimeError: it refused; says why.
        """
        for name in self._plan.host_names:
            words = ["host", "enroll", name, "--cloud", tenant.ADMIN, "--output", str(_secrets(name))]
            environment = {**os.environ, "OS_CLIENT_CONFIG_FILE": str(places.CLOUDS)}
            done = subprocess.run([TOFT, *words], env=environment, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{name} is not enrolled: {done.stderr.strip()}")

    def agents(self) -> Iterator[Part]:
        """Give the hosts' agents."""
        for name in self._plan.host_names:
            argv = ["agent", "--config", str(files.agent(self._plan, name)), "--config", str(_secrets(name))]
            command = Command(f"agent-{name}", partial(self._agent, name, [TOFT, *argv]), name in self._hosts)
            yield Part(f"agent-{name}", command.start)

    def _postgresql(self) -> Callable[[], int]:
        folder = places.STATE / "postgresql"
        folder.mkdir()
        server = PostgreSQL(folder, self._plan.ports["postgresql"])

        def start() -> int:
            server.kill9()  # take leave of the one that died, which PostgreSQL would believe to run still
            server.start()
            if not self._database:
                self._database = server.create()
            return server.pid

        return start

    def _rabbitmq(self) -> Callable[[], int]:
        ports = [self._plan.ports[name] for name in ("amqp", "amqp-nodes", "epmd", "management")]
        folder = places.STATE / "rabbitmq"
        folder.mkdir()
        config = files.RABBITMQ.format(password=self._plan.password)
        if self._plan.driver == "libvirt":
            config += f"listeners.tcp.hosts = {self._plan.address}:{self._plan.ports['amqp']}\n"
        broker = RabbitMQ(folder, ports, management=True, config=config)

        def start() -> int:
            broker.start()
            return broker.pid

        return start

    def _start_host(self, number: int, name: str) -> int:
        host = self._hosts[name]
        host.cut_power()
        host.start()
        disks.mount(host)
        network.plug(name, number, host.pid)
        self._boots[name] = str(uuid.uuid4())
        return host.pid

    def _agent(self, name: str, argv: list[str]) -> list[str]:
        if name not in self._hosts:
            return argv
        return self._hosts[name].command(["env", f"OS_AGENT__BOOT_ID={self._boots[name]}", *argv])


def _secrets(name: str) -> Path:
    """Give the file that the controller's word on a host is written to."""
    return places.STATE / f"enrolled-{name}.conf"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError as error:
        return 0 < getattr(error, "code", 0) < 500
