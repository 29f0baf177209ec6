"""A real RabbitMQ of Debian's package: one node on loopback, its own epmd, cookie and folders, never root."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.services.ports import free_ports

SCRIPTS = Path("/usr/lib/rabbitmq/bin")
USER = "rabbitmq"

CONFIG = """\
listeners.tcp.local = 127.0.0.1:{port}
disk_free_limit.absolute = 1MB
raft.wal_max_size_bytes = 16777216
log.console = false
log.file.level = warning
"""


MANAGEMENT = """\
management.tcp.ip = 127.0.0.1
management.tcp.port = {port}
management.rates_mode = none
"""


class RabbitMQ:
    """One broker. Its data outlive ``kill9`` and ``restart``, and go with ``stop``.

    :param ports: of AMQP, of the nodes among themselves, of epmd, of the management API; free ones unless given.
    :param management: whether the management plugin runs.
    :param config: more lines of its configuration.
    """

    def __init__(
        self, home: Path | None = None, ports: Sequence[int] = (), management: bool = False, config: str = ""
    ) -> None:
        self.home = home or Path(tempfile.mkdtemp(prefix="toft-rabbitmq-"))
        self.port, self._dist, self._epmd_port, self.management_port = ports or free_ports(4)
        config += CONFIG.format(port=self.port)
        if management:
            config += MANAGEMENT.format(port=self.management_port)
        (self.home / "rabbitmq.conf").write_text(config)
        (self.home / "enabled_plugins").write_text(f"[{'rabbitmq_management' if management else ''}].\n")
        (self.home / ".erlang.cookie").write_text(os.urandom(16).hex())
        (self.home / ".erlang.cookie").chmod(0o400)
        self._as_user = {} if os.geteuid() else {"user": USER, "group": USER, "extra_groups": []}
        if self._as_user:
            for path in (self.home, *self.home.iterdir()):
                shutil.chown(path, USER, USER)
        self._hosts = 0
        self._epmd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Give the URL of the default virtual host; the guest user may enter from loopback only."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def pid(self) -> int:
        """Give the node's process; its others are children of it."""
        return int((self.home / "pid").read_text())

    def fresh_url(self) -> str:
        """Make a virtual host, so that a test has all names to itself, and give its URL."""
        self._hosts += 1
        name = f"test{self._hosts}"
        everything = ", ".join(['<<".*">>'] * 3)
        grant = f'rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"{name}">>, {everything}, <<"test">>)'
        self.ctl("eval", f'rabbit_vhost:add(<<"{name}">>, <<"test">>), {grant}.')
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{name}"

    def start(self, timeout: float = 120.0) -> None:
        """Start the node and wait until it answers."""
        if self._epmd is None:
            self._epmd = self._spawn(["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"])
        self._server = self._spawn([str(SCRIPTS / "rabbitmq-server")])
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"RabbitMQ did not start:\n{self.log()}")
            time.sleep(0.2)

    def kill9(self) -> None:
        """Kill the node as a power cut would, once the queues that it has are on disk.

        RabbitMQ 3.10 writes a new quorum queue's registration seconds after it was declared: killed before, it comes
        back with a queue that has no leader and never confirms.
        """
        self.ctl("eval", "[dets:sync(Table) || Table <- dets:all()].")
        self._kill()

    def restart(self) -> None:
        """Kill the node and start it on the same data."""
        self.kill9()
        self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the node's processes for a while: it accepts connections, and answers nothing."""
        assert self._server is not None
        os.killpg(self._server.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._server.pid, signal.SIGCONT)

    @contextmanager
    def memory_alarm(self) -> Iterator[None]:
        """Let the broker believe that it has no memory left: it blocks all who publish."""
        self.ctl("set_vm_memory_high_watermark", "0.0000001")
        try:
            yield
        finally:
            self.ctl("set_vm_memory_high_watermark", "0.4")

    def ctl(self, *args: str) -> str:
        """Run rabbitmqctl and give what it prints."""
        command = [str(SCRIPTS / "rabbitmqctl"), "--quiet", *args]
        return subprocess.run(
            command,
            env=self._env(),
            cwd=self.home,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
            **self._as_user,
        ).stdout

    def stop(self) -> None:
        """End the node and its epmd, and remove all they wrote."""
        self._kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self) -> str:
        """Give the end of all that the node wrote."""
        files = [self.home / "output", *sorted((self.home / "log").glob("*.log"))]
        return "\n".join(f.read_text(errors="replace")[-3000:] for f in files if f.exists())

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.home / "output").open("ab") as output:
            return subprocess.Popen(
                command,
                env=self._env(),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **self._as_user,
            )

    def _env(self) -> dict[str, str]:
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"toft{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "none.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_PID_FILE": str(self.home / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+S 2:2 {loopback}",
            "RABBITMQ_CTL_ERL_ARGS": f"+S 1:1 {loopback}",
        }

    def _kill(self) -> None:
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
            self._server = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.settimeout(2)
                probe.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(probe.recv(7))
        except OSError:
            return False


@contextmanager
def running(management: bool = False) -> Iterator[RabbitMQ]:
    """Give a running broker, and end it afterwards."""
    if not SCRIPTS.exists():
        raise RuntimeError("this test needs Debian's package rabbitmq-server")
    broker = RabbitMQ(management=management)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
