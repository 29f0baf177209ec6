"""A whole cloud for a measurement: broker, database, controller and agents as processes, all on loopback."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import yaml

from bench.processes import Roots
from bench.tenant import Tenant
from tests.services import postgresql, rabbitmq
from tests.services.ports import free_ports

BIN = Path(sys.executable).parent
PASSWORD = "bench"
PATIENCE = 120.0
SETTINGS = """\
[state]
path = {folder}
[bus]
url = {bus}
management = {management}
[database]
url = {database}
[api]
port = {port}
[controller]
name = bench
[quota]
servers = -1
cores = -1
ram = -1
ports = -1
[scheduler]
cpu_ratio = {ratio}
ram_ratio = {ratio}
disk_ratio = {ratio}
[agent]
name = {name}
driver = memory
[logs]
level = WARNING
file = {folder}/toft.log
"""


@dataclass
class Cluster:
    """A running cloud. ``roots`` are its processes by role; ``database`` is a URL, or a path for SQLite.

    ``base`` fills in ``SETTINGS``, for more processes of it.
    """

    folder: Path
    port: int
    database: str
    roots: Roots
    tenant: Tenant
    base: dict[str, Any] = field(default_factory=dict)

    def asks(self) -> Callable[[str], Any]:
        """Give a function that runs a statement on the database, and gives the first column of its first row."""
        if self.database.startswith("postgresql"):
            connection: Any = psycopg.connect(self.database.replace("+psycopg", ""), autocommit=True)
        else:
            import sqlite3

            connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30, isolation_level=None)
        return lambda statement: connection.execute(statement).fetchone()[0]


@contextmanager
def cluster(agents: int = 50, managed: bool = False) -> Iterator[Cluster]:
    """Run one controller and so many agents over RabbitMQ's quorum queues and PostgreSQL, all hosts up.

    :param managed: the controller has RabbitMQ's management API, with which it may take a host's voice.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(_folder())
        broker = stack.enter_context(rabbitmq.running(management=managed))
        database = stack.enter_context(postgresql.running())
        base: dict[str, Any] = {
            "bus": broker.url,
            "management": f"http://guest:guest@127.0.0.1:{broker.management_port}" if managed else "",
            "database": database.url(database.create()),
            "port": free_ports(1)[0],
            "ratio": 4,
        }
        controller = stack.enter_context(_program("controller", folder, base))
        zygote = stack.enter_context(_zygote())
        roots = {
            "controller": [controller],
            "PostgreSQL": [database.pid],
            "RabbitMQ": [broker.pid],
            "agents": [_fork(zygote, folder, base, f"host{n}") for n in range(agents)],
        }
        tenant = _until(lambda: Tenant(base["port"], "admin", PASSWORD, "admin"))
        yield up(Cluster(folder, base["port"], base["database"], roots, tenant, base), agents)


@contextmanager
def embedded() -> Iterator[Cluster]:
    """Run `toft up`: controller and agent in one process, SQLite, the bus in memory."""
    with ExitStack() as stack:
        folder = stack.enter_context(_folder())
        base: dict[str, Any] = {
            "bus": "memory://",
            "management": "",
            "database": "",
            "port": free_ports(1)[0],
            "ratio": 1000,
        }
        clouds = folder / "clouds.yaml"
        process = stack.enter_context(_program("up", folder, base, "--clouds", str(clouds)))
        _until(clouds.exists)
        secret = yaml.safe_load(clouds.read_text())["clouds"]["toft-admin"]["auth"]["password"]
        tenant = _until(lambda: Tenant(base["port"], "admin", secret, "admin"))
        yield up(Cluster(folder, base["port"], str(folder / "up/toft.sqlite"), {"toft up": [process]}, tenant), 1)


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="toft-bench-"))
    try:
        yield path
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(path, ignore_errors=True)


def _config(folder: Path, base: dict[str, Any], name: str) -> Path:
    path = folder / f"{name}.conf"
    path.write_text(SETTINGS.format(**base, folder=folder / name, name=name))
    (folder / name).mkdir()
    return path


@contextmanager
def _program(name: str, folder: Path, base: dict[str, Any], *more: str) -> Iterator[int]:
    """Run one of `toft`'s programs for a while; gives its pid."""
    config = _config(folder, base, name)
    with (folder / f"{name}.out").open("wb") as out:
        process = subprocess.Popen(
            [BIN / "toft", name, "--config", config, *more],
            stdout=out,
            stderr=out,
            env={**os.environ, "TOFT_ADMIN_PASSWORD": PASSWORD},
        )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def _zygote() -> Iterator["subprocess.Popen[str]"]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", "bench.zygote"], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        with closing(process.stdin):  # its end ends the agents
            yield process


def _fork(zygote: "subprocess.Popen[str]", folder: Path, base: dict[str, Any], name: str) -> int:
    assert zygote.stdin is not None
    assert zygote.stdout is not None
    print(_config(folder, base, name), folder / f"{name}.out", file=zygote.stdin, flush=True)
    return int(zygote.stdout.readline())


def up(made: Cluster, hosts: int) -> Cluster:
    """Wait until so many hosts are up."""
    _until(lambda: made.tenant.hosts_up() == hosts)
    return made


def _until(look: Callable[[], Any]) -> Any:
    """Look until there is something, and give it; the last error is raised when nothing comes."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if found := look():
                return found
        except (OSError, RuntimeError):
            if time.monotonic() > end:
                raise
        if time.monotonic() > end:
            raise TimeoutError("the cloud did not come up in time")
        time.sleep(0.1)
