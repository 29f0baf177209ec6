"""``toft first``: what a new cloud shows first. An image, flavors, a network, a key, and a server to log in to.

It speaks HTTP like any client, finds what is there already, and makes only what is missing.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import openstack
from keystoneauth1.exceptions import ClientException
from openstack.config import OpenStackConfig
from rich.console import Console
from rich.panel import Panel

from common import errors
from controller.cmd.clouds import ADMIN, TENANT

FLAVORS = (("tiny", 1, 192, 1), ("small", 2, 512, 2))
"""Name, vcpus, memory in MiB, disk in GiB."""

RANGES = ("10.20.0.0/24", "10.21.0.0/24", "172.20.0.0/24", "192.168.220.0/24")
"""Subnets to try: the host may route some of them already."""

NAME = "first"
SECOND = f"--image tiny --flavor tiny --network net --key-name {NAME} --wait second"
LOGIN = "login:"
PASSING = ("ACTIVE", "BUILD", "SHUTOFF", "REBOOT", "HARD_REBOOT")
"""States of a server that is ACTIVE, or will be."""
FORWARDED = re.compile(r"\bssh: (?P<host>\S+):(?P<port>\d+)")
"""How the timeline tells where a host forwards a server's SSH."""
SSH = 22
PATIENCE = 600.0


class Tour:
    """The steps of ``toft first``, told on ``console`` as they happen.

    :param patience: seconds that each thing which is waited for may take.
    """

    def __init__(self, clouds: Path, key: Path, console: Console, patience: float = PATIENCE) -> None:
        config = OpenStackConfig(config_files=[str(clouds)], vendor_files=[], secure_files=[])
        self.admin = openstack.connection.Connection(config=config.get_one(cloud=ADMIN))
        self.tenant = openstack.connection.Connection(config=config.get_one(cloud=TENANT))
        self.key, self.console, self.patience = key, console, patience
        self.since = time.monotonic()

    def tell(self, what: str, detail: str = "") -> None:
        """Print one line: seconds since the start, what, and details."""
        line = f"[dim]{time.monotonic() - self.since:6.1f} s[/]  {what:<28} [cyan]{detail}[/]"
        self.console.print(line, highlight=False, soft_wrap=True)

    def until(self, what: str, look: Callable[[], Any], every: float = 0.3) -> Any:
        """Look until there is something, and give it.

        :raises Unavailable: there was nothing for too long.
        """
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            time.sleep(every)
        raise errors.Unavailable(f"{what} did not come within {self.patience:g} s; see the log, and `toft doctor`")

    def host(self) -> None:
        """Wait for a host that takes servers."""
        up = self._hosts_up()
        if not up:
            self.tell("waiting for the host", "libvirt may ask QEMU first what it can do")
            up = self.until("a host", self._hosts_up)
        self.tell("host is up", up[0].name)

    def _hosts_up(self) -> list[Any]:
        return [h for h in self.admin.compute.hypervisors(details=True) if h.state == "up"]

    def image(self, file: Path) -> str:
        """Have the image ``tiny``."""
        found = self.admin.image.find_image("tiny")
        if found is None:
            with file.open("rb") as content:
                found = self.admin.create_image(
                    "tiny", data=content, disk_format="qcow2", container_format="bare", visibility="public", wait=True
                )
        self.tell("image tiny", f"{found.size / 2**20:.0f} MiB")
        return str(found.id)

    def flavors(self) -> str:
        """Have both flavors; gives the id of the smaller."""
        ids = []
        for name, vcpus, ram, disk in FLAVORS:
            found = self.admin.compute.find_flavor(name)
            if found is None:
                found = self.admin.compute.create_flavor(name=name, vcpus=vcpus, ram=ram, disk=disk)
            self.tell(f"flavor {name}", f"{vcpus} vcpu, {ram} MiB, {disk} GiB")
            ids.append(str(found.id))
        return ids[0]

    def network(self) -> str:
        """Have the tenant's network ``net``, on the first range that this host does not route already."""
        found = self.tenant.network.find_network("net") or self.tenant.network.create_network(name="net")
        subnets = list(self.tenant.network.subnets(network_id=found.id))
        for cidr in RANGES if not subnets else ():
            try:
                subnets = [self.tenant.network.create_subnet(network_id=found.id, name="net", ip_version=4, cidr=cidr)]
                break
            except openstack.exceptions.ConflictException:
                continue
        if not subnets:
            raise errors.Conflict(f"every one of {', '.join(RANGES)} is routed on this host; make the network yourself")
        self.tell("network net", subnets[0].cidr)
        return str(found.id)

    def keypair(self) -> str:
        """Have the keypair ``first``, its private half beside the state."""
        if not self.key.exists():
            self.key.parent.mkdir(parents=True, exist_ok=True)
            command = [
                shutil.which("ssh-keygen") or "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                NAME,
                "-f",
                str(self.key),
            ]
            subprocess.run(command, check=True)  # noqa: S603
        public = self.key.with_name(f"{self.key.name}.pub").read_text().strip()
        found = self.tenant.compute.find_keypair(NAME)
        if found is not None and found.public_key.strip() != public:
            self.tenant.compute.delete_keypair(found)
            found = None
        if found is None:
            self.tenant.compute.create_keypair(name=NAME, public_key=public)
        self.tell(f"keypair {NAME}", str(self.key))
        return NAME

    def server(self, image: str, flavor: str, network: str, key: str) -> Any:
        """Have the server ``first``, and show each step of its workflow as it is taken."""
        found = self.tenant.compute.find_server(NAME)
        if found is None:
            found = self.tenant.compute.create_server(
                name=NAME,
                image_id=image,
                flavor_id=flavor,
                networks=[{"uuid": network}],
                key_name=key,
                config_drive=True,
            )
            self.tell(f"server {NAME} asked for", found.id)
        if found.status in ("BUILD", None):
            for step in self.steps(found.id):
                self.tell(f"  {step['step']} {step['outcome']}", step["detail"])
        found = self.until(NAME, lambda: self.active(found.id))
        self.tell(f"server {NAME} is ACTIVE", self.address(found))
        return found

    def active(self, server: str) -> Any:
        """Give the server if it is ACTIVE; one that is off (by `make down`, perhaps heard of only now) is started.

        :raises Conflict: it is in a state that it does not come out of by itself.
        """
        found = self.tenant.compute.get_server(server)
        if found.status == "SHUTOFF" and not found.task_state:
            self.tenant.compute.start_server(server)
            self.tell(f"server {NAME} is off", "it is started")
        elif found.status not in PASSING:
            reason = (found.fault or {}).get("message", "by a wish")
            again = f"openstack --os-cloud {TENANT} server delete {NAME}"
            raise errors.Conflict(f"{NAME} is {found.status}: {reason}. To try anew: {again}")
        return found if found.status == "ACTIVE" else None

    def steps(self, server: str) -> Iterator[dict[str, str]]:
        """Give the steps of the server's workflows as they come, until it is built or failed."""
        seen = 0
        while True:
            status = self.tenant.compute.get_server(server).status
            lines = self.timeline(server)
            yield from lines[seen:]
            seen = len(lines)
            if status != "BUILD":
                return
            time.sleep(0.2)

    def timeline(self, server: str) -> list[dict[str, str]]:
        """Give all that was done to the server, oldest first."""
        answer = self.tenant.compute.get(f"/servers/{server}/toft-timeline")
        openstack.exceptions.raise_from_response(answer)
        lines: list[dict[str, str]] = answer.json()["timeline"]
        return lines

    def address(self, server: Any) -> str:
        """Give the server's first address."""
        return next((a["addr"] for nics in server.addresses.values() for a in nics), "")

    def console_lines(self, server: Any) -> list[str]:
        """Wait for the login prompt and give the console's last lines."""

        def look() -> list[str] | None:
            text = self.tenant.compute.get_server_console_output(server, length=40)["output"]
            return [line for line in text.splitlines() if line.strip()] if LOGIN in text else None

        lines: list[str] = self.until("the login prompt", look, every=1.0)
        return lines

    def ssh(self, server: Any) -> str:
        """Wait until SSH answers and give the line that logs in."""

        def look() -> tuple[str, int] | None:
            if not self.active(server.id):
                return None
            found = ssh_address(self.timeline(server.id), self.address(server))
            return found if speaks_ssh(*found) else None

        host, port = self.until("SSH", look, every=0.5)
        self.tell("SSH answers", f"{host}:{port}")
        options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        elsewhere = "" if port == SSH else f" -p {port}"
        return f"ssh -i {self.key} {options}{elsewhere} root@{host}"


def ssh_address(timeline: Iterable[dict[str, str]], address: str) -> tuple[str, int]:
    """Give where a server's SSH answers: where its host forwards it, as it said last, or at the server's address."""
    told = [line["detail"] for line in timeline if (line["step"], line["outcome"]) == ("settle", "done")]
    forwarded = FORWARDED.search(told[-1]) if told else None
    return (forwarded["host"], int(forwarded["port"])) if forwarded else (address, SSH)


def speaks_ssh(host: str, port: int) -> bool:
    """Say whether something there begins as an SSH server does."""
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.settimeout(5)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def run(clouds: Path, image: Path, key: Path, console: Console) -> None:
    """Make a new cloud show a server, and print what to try next.

    :raises ToftError: the cloud refused something, or something that was waited for did not come; says what.
    """
    tour = Tour(clouds, key, console)
    try:
        tour.host()
        asked = tour.image(image), tour.flavors(), tour.network(), tour.keypair()
        server = tour.server(*asked)
        login = tour.ssh(server)
        lines = tour.console_lines(server)
    except (openstack.exceptions.SDKException, ClientException) as error:
        raise errors.Unavailable(f"the cloud of {clouds} did not do as asked: {error}") from error
    console.print(Panel("\n".join(lines[-8:]), title=f"console of {NAME}", title_align="left", border_style="green"))
    prefix = "" if os.environ.get("VIRTUAL_ENV") else ".venv/bin/"
    console.print(f"[bold]{NAME}[/] is ACTIVE at [bold]{tour.address(server)}[/]. Log in with\n")
    console.print(f"  {login}\n", highlight=False, soft_wrap=True)
    console.print("Try next, in another terminal:\n")
    for command in (
        f"{prefix}openstack --os-cloud {TENANT} server list",
        f"{prefix}openstack --os-cloud {TENANT} server create {SECOND}",
        f"{prefix}openstack --os-cloud {ADMIN} hypervisor list",
    ):
        console.print(f"  {command}", highlight=False, soft_wrap=True)
    console.print()


@click.command()
@click.option("--clouds", type=click.Path(path_type=Path, exists=True), default="clouds.yaml", show_default=True)
@click.option(
    "--image", type=click.Path(path_type=Path, exists=True), required=True, help="qcow2 file of the image `tiny`."
)
@click.option("--key", type=click.Path(path_type=Path), default="/var/lib/toft/first.key", show_default=True)
def first(clouds: Path, image: Path, key: Path) -> None:
    """Register an image, flavors, a network and a key, and boot the server `first`."""
    run(clouds, image, key, Console())
