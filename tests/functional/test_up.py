"""``toft up`` and ``toft first``, as they are called: a whole cloud on the in-memory driver, until it is ended."""

import json
import os
import signal
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import openstack
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from common import errors, folder
from compute_agent.driver.memory import MemoryDriver
from compute_agent.service import AgentService
from controller.cmd import first, up
from tests.functional.cloud import Cloud, running
from tests.services.ports import free_ports
from tests.unit.common import images

pytestmark = [  # the SDK warns of itself
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedFieldWarning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]


class Machine:
    """Where ``toft up`` is called: its settings, its state, its clouds.yaml."""

    def __init__(self, path: Path) -> None:
        self.path, self.port = path, free_ports(1)[0]
        self.config, self.state, self.clouds = path / "toft.conf", path / "state", path / "clouds.yaml"
        self.config.write_text(
            f"[state]\npath = {self.state}\n[api]\nport = {self.port}\n[controller]\npoll_seconds = 0.1\n"
            "[agent]\ndriver = memory\nname = host1\n"
        )
        self.image = path / "tiny.qcow2"
        self.image.write_bytes(images.qcow2())

    def up(self, *words: str) -> Result:
        """Call ``toft up`` in this process."""
        return CliRunner().invoke(up.up, ["--config", str(self.config), "--clouds", str(self.clouds), *words])


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine on which SIGTERM comes as soon as ``toft up`` has nothing more to do than to wait."""
    wait = up.wait_for_ever

    def ended() -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        wait()

    monkeypatch.setattr(up, "wait_for_ever", ended)
    monkeypatch.setattr(up.logs, "setup", lambda chosen: None)
    return Machine(tmp_path)


class Greeter(socketserver.BaseRequestHandler):
    """Begins as an SSH server does."""

    def handle(self) -> None:
        self.request.sendall(b"SSH-2.0-pretended\r\n")


@pytest.fixture
def sshd(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Where hosts forward their guests' SSH to: the port of something that answers as it does."""
    with socketserver.TCPServer(("127.0.0.1", 0), Greeter) as server:
        port = int(server.server_address[1])
        monkeypatch.setattr(MemoryDriver, "notes", lambda driver, server: {"ssh": f"127.0.0.1:{port}"})
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield port
        server.shutdown()


def test_it_runs_until_it_is_told_to_stop(machine: Machine) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    result = machine.up()
    assert (result.exit_code, result.exception) == (0, None)
    assert f"Toft answers on http://127.0.0.1:{machine.port}\nlog: {machine.state}/toft.log" in result.output
    assert "Toft has stopped" in result.output
    assert folder.holder(machine.state, "up") is None
    assert signal.getsignal(signal.SIGTERM) is handler
    written = machine.clouds.read_text()
    assert machine.up().exit_code == 0
    assert machine.clouds.read_text() == written


def test_a_second_one_on_the_same_state_is_refused(machine: Machine) -> None:
    with folder.held(folder.prepare(str(machine.state)), "up"):
        result = machine.up()
    assert isinstance(result.exception, errors.Conflict)
    assert f"already runs on {machine.state} as process {os.getpid()}" in str(result.exception)


def test_a_port_that_is_taken_is_refused(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", machine.port)):
        result = machine.up()
    assert isinstance(result.exception, errors.Conflict)
    assert f"127.0.0.1:{machine.port} cannot be listened on" in str(result.exception)
    assert folder.holder(machine.state, "up") is None


def test_a_machine_that_cannot_run_guests_is_told_why(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AgentService, "problems", lambda agent: ["libvirtd does not run: start it"])
    result = machine.up()
    assert isinstance(result.exception, errors.SettingsError)
    assert "not ready: libvirtd does not run: start it. `make doctor`" in str(result.exception)
    assert not machine.clouds.exists()


def test_what_guests_do_without_is_said(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AgentService, "remarks", lambda agent: ["taps: refused [EPERM]"])
    assert "taps: refused [EPERM]\n" in machine.up().output


def test_the_tour_makes_a_server_and_shows_how_to_log_in(machine: Machine, sshd: int) -> None:
    result = machine.up("--first", str(machine.image))
    assert (result.exit_code, result.exception) == (0, None)
    for said in (
        "server first asked for",
        "  build done",
        "login:",
        "first is ACTIVE at 10.20.0.",
        f"ssh -i {machine.state}/first.key",
        f"-p {sshd} root@127.0.0.1",
        "Ctrl-C stops Toft",
    ):
        assert said in result.output
    assert (machine.state / "first.key").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running(tmp_path) as made:
        yield made


def test_a_second_tour_finds_all_that_the_first_made(cloud: Cloud, machine: Machine, sshd: int) -> None:
    key = str(machine.path / "first.key")
    words = ["--clouds", str(cloud.clouds), "--image", str(machine.image), "--key", key]
    new, again = (CliRunner().invoke(first.first, words) for _ in range(2))
    assert (new.exception, again.exception) == (None, None)
    assert "server first asked for" in new.output
    assert "server first asked for" not in again.output
    assert "server first is ACTIVE" in again.output
    listed = json.loads(cloud.openstack("server", "list", "-f", "json"))
    assert [server["Name"] for server in listed] == ["first"]


def test_a_server_that_is_off_is_started(cloud: Cloud, machine: Machine, sshd: int) -> None:
    tour = take(cloud)
    tour.host()
    asked = tour.image(machine.image), tour.flavors(), tour.network(), tour.keypair()
    server = tour.server(*asked)
    tour.tenant.compute.stop_server(server)
    tour.until("the stop", lambda: tour.tenant.compute.get_server(server).status == "SHUTOFF")
    assert first.ssh_address(tour.timeline(server.id), tour.address(server)) == (tour.address(server), 22)
    assert f"-p {sshd} root@127.0.0.1" in tour.ssh(server)
    assert tour.tenant.compute.get_server(server).status == "ACTIVE"


def take(cloud: Cloud, patience: float = 30.0) -> first.Tour:
    return first.Tour(cloud.clouds, cloud.clouds.with_name("first.key"), Console(quiet=True), patience)


def test_the_tour_has_a_key_of_its_own(cloud: Cloud) -> None:
    tour = take(cloud)
    tour.keypair()
    known = tour.tenant.compute.find_keypair(first.NAME).public_key
    tour.keypair()
    assert tour.tenant.compute.find_keypair(first.NAME).public_key == known
    for half in tour.key, tour.key.with_name("first.key.pub"):
        half.unlink()
    tour.keypair()
    assert tour.tenant.compute.find_keypair(first.NAME).public_key != known


def test_the_tour_takes_the_next_range_that_is_free(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    tour = take(cloud)
    refused = tour.tenant.network.create_subnet
    taken = set(first.RANGES)

    def create_subnet(cidr: str, **more: object) -> object:
        if cidr in taken:
            raise openstack.exceptions.ConflictException(f"{cidr} is routed here")
        return refused(cidr=cidr, **more)

    monkeypatch.setattr(tour.tenant.network, "create_subnet", create_subnet)
    with pytest.raises(errors.Conflict, match=r"every one of 10.20.0.0/24, .* is routed on this host"):
        tour.network()
    taken.remove("172.20.0.0/24")
    network = tour.network()
    assert [subnet.cidr for subnet in tour.tenant.network.subnets(network_id=network)] == ["172.20.0.0/24"]


def test_a_server_that_fails_is_told_with_its_reason(cloud: Cloud, machine: Machine) -> None:
    tour = take(cloud)
    tour.host()
    flavor = tour.admin.compute.create_flavor(name="huge", vcpus=1, ram=400_000, disk=1)
    with pytest.raises(errors.Conflict, match="first is ERROR: "):
        tour.server(tour.image(machine.image), flavor.id, tour.network(), tour.keypair())


def test_what_does_not_come_in_time_is_said(cloud: Cloud) -> None:
    with pytest.raises(errors.Unavailable, match=r"a pony did not come within 0\.01 s"):
        take(cloud, patience=0.01).until("a pony", lambda: None, every=0.01)


def test_a_cloud_that_does_not_answer_is_one_line(machine: Machine) -> None:
    with running(machine.path) as gone:
        words = ["--clouds", str(gone.clouds), "--image", str(machine.image), "--key", str(machine.path / "key")]
    result = CliRunner().invoke(first.first, words)
    assert isinstance(result.exception, errors.Unavailable)
    assert f"the cloud of {gone.clouds} did not do as asked" in str(result.exception)


def test_ssh_is_looked_for_where_the_host_forwards_it_or_at_the_servers_address(sshd: int) -> None:
    def line(step: str, outcome: str, detail: str = "") -> dict[str, str]:
        return {"step": step, "outcome": outcome, "detail": detail}

    old, new = line("settle", "done", "ssh: 127.0.0.1:20022"), line("settle", "done", "ssh: 127.0.0.1:20023")
    assert first.ssh_address([], "10.20.0.5") == ("10.20.0.5", 22)
    assert first.ssh_address([old, line("settle", "waiting"), line("open", "done")], "") == ("127.0.0.1", 20022)
    assert first.ssh_address([old, new, line("open", "done")], "") == ("127.0.0.1", 20023)
    assert first.ssh_address([old, line("settle", "done")], "10.20.0.5") == ("10.20.0.5", 22)
    assert first.speaks_ssh("127.0.0.1", sshd)
    assert not first.speaks_ssh("127.0.0.1", free_ports(1)[0])
