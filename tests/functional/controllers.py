"""Two controllers and a host as processes, over a PostgreSQL of their own and a RabbitMQ: to kill, stop and starve."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.services.ports import free_ports
from tests.unit.common.images import qcow2

COMPUTE = "/compute/v2.1"
TOFT = Path(sys.executable).with_name("toft")
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0

SETTINGS = """\
[state]
path = {folder}/{name}
keys = {folder}/keys
[bus]
url = {bus}
heartbeat = 4
[database]
url = {database}
[api]
port = {port}
[controller]
name = {name}
url = http://127.0.0.1:{port}
lease_seconds = 30
resend_seconds = 5
poll_seconds = {poll}
scheduler_lease_seconds = 3
workflow_lease_seconds = 5
[agent]
driver = memory
name = {name}
heartbeat_seconds = 1
reserved_memory_mib = 0
reserved_disk_gib = 0
"""


class Answer(NamedTuple):
    status: int
    body: Any
    headers: Any


@dataclass
class Controllers:
    """The processes, by name, and how to speak to them."""

    folder: Path
    bus: str
    database: str
    poll: float = 1.0
    ports: dict[str, int] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    token: str = ""

    def start(self, name: str, command: str = "controller", more: Path | None = None) -> None:
        """Start one, on the port that it had before; ``more`` is a settings file besides its own."""
        self.ports.setdefault(name, free_ports(1)[0])
        config = self.folder / f"{name}.conf"
        words = {"folder": self.folder, "bus": self.bus, "database": self.database, "poll": self.poll}
        config.write_text(SETTINGS.format(name=name, port=self.ports[name], **words))
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [TOFT, command, "--config", config, *(["--config", more] if more else [])],
                env={**os.environ, "TOFT_ADMIN_PASSWORD": "secret"},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def signal(self, name: str, number: signal.Signals) -> None:
        self.running[name].send_signal(number)

    def kill(self, name: str) -> None:
        """End one without any warning."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        for name in list(self.running):
            self.signal(name, signal.SIGCONT)
            self.kill(name)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def call(self, name: str, method: str, path: str, body: Any = None, timeout: float = 60, **headers: str) -> Answer:
        """Make a request of one of them; one that does not answer at all has status 0."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        sent = {
            "X-Auth-Token": self.token,
            "Content-Type": kind,
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        url = f"http://127.0.0.1:{self.ports[name]}{path}"
        request = urllib.request.Request(url, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return _answer(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.read(), error.headers)
        except OSError as error:
            return Answer(0, str(error), {})

    def login(self, name: str) -> str:
        """Log in at one, for all requests that follow."""
        user = {"name": "admin", "domain": {"id": "default"}, "password": "secret"}
        scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
        auth = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}
        answer = self.call(name, "POST", "/identity/v3/auth/tokens", {"auth": auth})
        assert answer.status == 201, answer
        self.token = answer.headers["X-Subject-Token"]
        return self.token

    def healthy(self, *names: str) -> bool:
        return all(self.call(name, "GET", "/healthcheck").status == 200 for name in names)

    def servers(self, name: str) -> list[Any]:
        answer = self.call(name, "GET", "/compute/v2.1/servers/detail")
        return list(answer.body["servers"]) if answer.status == 200 else []


def _answer(status: int, body: bytes, headers: Any) -> Answer:
    try:
        return Answer(status, json.loads(body) if body else None, headers)
    except ValueError:
        return Answer(status, body, headers)


def until(look: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Look until there is something, and give it."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


def furnish(cloud: Controllers, one: str, two: str) -> None:
    """Have an image by way of one controller, a flavor and a network by way of the other; and a host."""
    image = {"name": "tiny", "disk_format": "qcow2", "container_format": "bare", "visibility": "public"}
    made = cloud.call(one, "POST", "/image/v2/images", image).body["id"]
    assert cloud.call(one, "PUT", f"/image/v2/images/{made}/file", qcow2()).status == 204
    flavor = {"id": "1", "name": "tiny", "ram": 16, "vcpus": 1, "disk": 1}
    assert cloud.call(two, "POST", f"{COMPUTE}/flavors", {"flavor": flavor}).status == 200
    network = cloud.call(two, "POST", "/network/v2.0/networks", {"network": {"name": "net"}}).body["network"]["id"]
    subnet = {"network_id": network, "cidr": "10.77.0.0/16", "ip_version": 4}
    assert cloud.call(one, "POST", "/network/v2.0/subnets", {"subnet": subnet}).status == 201
    until(lambda: cloud.call(one, "GET", f"{COMPUTE}/os-hypervisors").body["hypervisors"])


def create(cloud: Controllers, name: str, count: int = 1, **headers: str) -> list[str]:
    """Ask one for servers; gives the ids of those that it acknowledged."""
    image = cloud.call(name, "GET", "/image/v2/images").body["images"][0]["id"]
    made = []
    for _ in range(count):
        body = {"server": {"name": "vm", "imageRef": image, "flavorRef": "1"}}
        answer = cloud.call(name, "POST", f"{COMPUTE}/servers", body, **headers)
        assert answer.status == 202, answer
        made.append(answer.body["server"]["id"])
    return made


def all_active(cloud: Controllers, name: str, wanted: list[str]) -> bool:
    states = {s["id"]: s["status"] for s in cloud.servers(name)}
    assert "ERROR" not in states.values()
    return all(states.get(server) == "ACTIVE" for server in wanted)
