"""A real PostgreSQL 15 from Debian's package: loopback, random port, an unprivileged user, flushed at each commit."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import tenacity

BIN = Path("/usr/lib/postgresql/15/bin")


class PostgreSQL:
    """A server of its own in a folder of its own."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or _free_port()
        self._user = "postgres" if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        if self._user:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._run("initdb", "--no-sync", "-D", folder, "-U", "toft", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")

    def url(self, database: str = "postgres") -> str:
        """Give the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://toft@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """Give the server's process; its others are children of it."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [BIN / "postgres", "-D", self.folder, "-p", str(self.port), "-h", "127.0.0.1", "-k", ""],
                stdout=log,
                stderr=log,
                user=self._user,
                start_new_session=True,
            )
        self._wait()

    def stop(self) -> None:
        """Stop it in order; connections are cut."""
        self._end(signal.SIGINT)

    def halt(self) -> None:
        """Stop it at once with all its children, and save nothing."""
        self._end(signal.SIGQUIT)

    def kill9(self) -> None:
        """Let it die as in a power cut."""
        self._end(signal.SIGKILL)

    @tenacity.retry(stop=tenacity.stop_after_delay(60), wait=tenacity.wait_fixed(0.2), reraise=True)
    def restart(self) -> None:
        """Start it again: a killed server's children may hold its memory for a moment."""
        self._end(signal.SIGINT)
        self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the server and all its children for a while: it accepts connections, and answers nothing."""
        assert self._process is not None
        main = self._process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        stopped = [main, *map(int, children)]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(stopped):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def create(self, template: str = "template1") -> str:
        """Make a fresh database, a copy of ``template``, and give its name."""
        self._made += 1
        name = f"toft_{self._made}"
        self._sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Remove a database, and cut who is connected to it."""
        self._sql(f"DROP DATABASE {database} WITH (FORCE)")

    def _sql(self, statement: str) -> None:
        with psycopg.connect(host="127.0.0.1", port=self.port, user="toft", dbname="postgres", autocommit=True) as made:
            made.execute(statement.encode())

    def _run(self, program: str, *arguments: object) -> None:
        words = [str(BIN / program), *map(str, arguments)]
        subprocess.run(words, check=True, capture_output=True, user=self._user, cwd="/")

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(psycopg.OperationalError),
        stop=tenacity.stop_after_delay(30),
        wait=tenacity.wait_fixed(0.05),
        reraise=True,
    )
    def _wait(self) -> None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text()[-2000:])
        self._sql("SELECT 1")

    def _end(self, sign: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait(30)
            self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """Run a server as long as the block lasts; nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="toft-postgresql-"))
    try:
        server = PostgreSQL(folder)
        server.start()
        try:
            yield server
        finally:
            server.halt()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
