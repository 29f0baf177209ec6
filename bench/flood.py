"""What one host that floods costs the others: the pace of creates meanwhile, against the pace without it.

    RUNS=3 SERVERS=400 AGENTS=24 FLOOD=4000 make bench BENCH=flood [JSON=1]

A host is enrolled, with a broker user of its own, and told to take no servers; a process sends FLOOD valid heartbeats a
second in its name. Two figures come of it: one while its burst (``[bus] host_burst``) is still taken in, one after the
controller has muted it; it goes on trying then, ten times a second. The flood's own CPU is of the same cores: one
machine is broker, controller, hosts, clients and flood. It takes five minutes at most.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from amqp import Connection, Message
from amqp.exceptions import AMQPError

from bench import cluster, report
from bench.cluster import Cluster
from bench.create import Pass, create, delete, median
from bench.feeder import greeting, said
from common import settings, wire
from common.bus import open_bus
from compute_agent.seals import keys

RUNS = int(os.environ.get("RUNS", "3"))
SERVERS = int(os.environ.get("SERVERS", "400"))
AGENTS = int(os.environ.get("AGENTS", "24"))
FLOOD = int(os.environ.get("FLOOD", "4000"))
SLICES = 20
"""Bursts of a second."""
NAME = "flood"
LIMIT = 300
"""Seconds after which it gives up."""
HOSTS = "/toft/v1/hosts"


def flood(file: str, rate: int) -> None:
    """Send heartbeats as the host whose settings file this is, whatever the broker says to that, until killed."""
    chosen = settings.load([file])
    while True:
        with suppress(OSError, AMQPError), _entered(chosen.bus.url) as connection:
            _pour(connection, chosen, rate)
        time.sleep(0.1)


def _entered(url: str) -> Connection:
    where = urlsplit(url)
    user, password = unquote(where.username or ""), unquote(where.password or "")
    return Connection(f"{where.hostname}:{where.port}", user, password, virtual_host=where.path[1:] or "/")


def _pour(connection: Connection, chosen: settings.Settings, rate: int) -> None:
    """Send without waiting for the broker's word, until it is heard that the broker wants no more."""
    host = chosen.agent.host_id
    beat = said(host, "heartbeat", wire.Heartbeat(beat=1), 1)
    body = Message(beat.body, user_id=unquote(urlsplit(chosen.bus.url).username or ""))
    channel = connection.channel()
    while True:
        begun = time.monotonic()
        for _ in range(rate // SLICES):
            channel.basic_publish(body, beat.exchange, beat.key)
        with suppress(TimeoutError):
            connection.drain_events(timeout=max(0.001, begun + 1 / SLICES - time.monotonic()))


class Loud:
    """One more host of a cloud: enrolled, welcomed, and out of the schedule."""

    def __init__(self, made: Cluster) -> None:
        self._call = made.tenant.call
        text = self._call("POST", HOSTS, {"name": NAME}).body["settings"]
        self._call("POST", f"{HOSTS}/{NAME}/disable", {})
        self._file = made.folder / "flood.conf"
        self._file.write_text(text)
        chosen = settings.load([str(self._file)])
        hello = said(chosen.agent.host_id, "hello", greeting(NAME, keys(chosen.agent.keys)), 0)
        open_bus(chosen.bus).publisher().publish([hello])
        self._until(lambda host: host["state"] == "up")

    @contextmanager
    def flooding(self) -> Iterator[None]:
        """Let it talk without an end."""
        with subprocess.Popen([sys.executable, "-m", "bench.flood", self._file, str(FLOOD)]) as process:
            try:
                yield
            finally:
                process.kill()

    def muted(self) -> datetime:
        """Wait until its voice is taken; gives when that was."""
        self._until(lambda host: host["muted_at"] is not None)
        return datetime.fromisoformat(self._host()["muted_at"])

    def is_muted(self) -> bool:
        """Say whether it is."""
        return self._host()["muted_at"] is not None

    def _until(self, look: Callable[[Any], bool]) -> None:
        while not look(self._host()):
            time.sleep(0.1)

    def _host(self) -> Any:
        return self._call("GET", f"{HOSTS}/{NAME}").body["host"]


def passes(made: Cluster, body: Any, ask: Callable[[str], Any], runs: int = RUNS) -> list[Pass]:
    """Create and delete again and again."""
    done = []
    for _ in range(runs):
        done.append(create(made, body, SERVERS, ask))
        delete(made, done[-1].servers, ask)
    return done


def main() -> None:
    """Measure without, at first, and once it is muted; show all three.

    :raises TimeoutError: it took too long.
    """
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(LIMIT)
    with cluster.cluster(AGENTS, managed=True) as made:
        body, ask = made.tenant.furnish(), made.asks()
        passes(made, body, ask, 1)  # to warm up
        calm = median(passes(made, body, ask))
        host = Loud(made)
        with host.flooding():
            begun = datetime.now(UTC)
            first = create(made, body, SERVERS, ask)
            early = not host.is_muted()
            delete(made, first.servers, ask)
            seconds = (host.muted() - begun).total_seconds()
            later = median(passes(made, body, ask))
            still = host.is_muted()
    if not (early and still):
        raise RuntimeError("it was muted before the first pass was over, or no longer after the last")
    _show(calm, first, later, seconds)


def _give_up(*_: Any) -> None:
    raise TimeoutError(f"not done after {LIMIT} s")


def _show(calm: Pass, first: Pass, later: Pass, seconds: float) -> None:
    found = (calm, first, later)
    rows: dict[str, list[report.Value]] = {
        "creates/s to ACTIVE": [*(one.rate for one in found), None],
        "pace kept": [*(one.rate / calm.rate for one in found), None],
        "POST p50 ms": [*(one.p50 for one in found), None],
        "POST p99 ms": [*(one.p99 for one in found), None],
        "controller's CPU ms a server": [*(one.cpu["controller"] for one in found), None],
        "seconds until muted": [None, None, seconds, None],
    }
    facts = {
        "creates_per_s": calm.rate,
        "pace_kept_first": first.rate / calm.rate,
        "pace_kept_muted": later.rate / calm.rate,
        "seconds_until_muted": seconds,
    }
    title = f"one of {AGENTS + 1} hosts sends {FLOOD:,} messages a second; {SERVERS} servers, median of {RUNS}"
    report.show(title, ["quiet", "flooded, at first", "muted", "Nova"], rows, facts)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        flood(sys.argv[1], int(sys.argv[2]))
    else:
        main()
