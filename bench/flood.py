"""What one host that floods costs the others: the pace of creates meanwhile, against the pace without it.

    RUNS=3 SERVERS=300 AGENTS=20 FLOOD=4000 make bench BENCH=flood [JSON=1]

A process of its own sends FLOOD messages a second in the name of one host, which takes no servers; the controller
drops unread what is above ``[bus] host_rate``. There is no management API here, with which it would take the host's
voice. The flood's own CPU is of the same cores: one machine is broker, controller, hosts and flood.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from amqp import Connection, Message

from bench import cluster, report
from bench.cluster import Cluster
from bench.create import Pass, create, delete, median
from bench.feeder import Feeder
from common import wire
from common.bus import names
from common.bus.contract import REPORTS

RUNS = int(os.environ.get("RUNS", "3"))
SERVERS = int(os.environ.get("SERVERS", "300"))
AGENTS = int(os.environ.get("AGENTS", "20"))
FLOOD = int(os.environ.get("FLOOD", "4000"))
SLICES = 20
"""Bursts of a second."""


def flood(address: str, host: str, rate: int) -> None:
    """Send heartbeats in a host's name, without waiting for the broker's word, until killed."""
    body = Message(wire.pack(wire.Heartbeat(beat=1)))
    with Connection(address) as connection:
        channel = connection.channel()
        while True:
            begun = time.monotonic()
            for _ in range(rate // SLICES):
                channel.basic_publish(body, REPORTS, names.report_key(host, "heartbeat"))
            time.sleep(max(0.0, begun + 1 / SLICES - time.monotonic()))


@contextmanager
def flooding(made: Cluster, ask: Callable[[str], Any]) -> Iterator[None]:
    """Have one more host, which takes no servers and does not stop talking."""
    feeder = Feeder(made.base["bus"], 1)
    feeder.hellos()
    while not ask("SELECT count(*) FROM host WHERE name = 'fed0'"):
        time.sleep(0.1)
    ask("UPDATE host SET enabled = false WHERE name = 'fed0' RETURNING 1")
    address = made.base["bus"].split("@")[1].split("/")[0]
    words = [sys.executable, "-m", "bench.flood", address, feeder.hosts[0], str(FLOOD)]
    with subprocess.Popen(words) as process:
        try:
            time.sleep(5.0)  # until its burst is used up
            yield
        finally:
            process.kill()


def passes(made: Cluster, body: Any, ask: Callable[[str], Any]) -> list[Pass]:
    """Create and delete again and again."""
    done = []
    for _ in range(RUNS):
        done.append(create(made, body, SERVERS, ask))
        delete(made, done[-1].servers, ask)
    return done


def main() -> None:
    """Measure with and without, and show both."""
    with cluster.cluster(AGENTS) as made:
        body, ask = made.tenant.furnish(), made.asks()
        passes(made, body, ask)
        calm = median(passes(made, body, ask))
        with flooding(made, ask):
            loud = median(passes(made, body, ask))
    ratio = loud.rate / calm.rate
    rows: dict[str, list[report.Value]] = {
        "creates/s to ACTIVE": [calm.rate, loud.rate, None],
        "POST p50 ms": [calm.p50, loud.p50, None],
        "POST p99 ms": [calm.p99, loud.p99, None],
        "pace kept": [1.0, ratio, None],
    }
    title = f"one of {AGENTS + 1} hosts sends {FLOOD:,} messages a second; {SERVERS} servers, median of {RUNS}"
    report.show(title, ["quiet", "flooded", "Nova"], rows, {"pace_kept": ratio, "creates_per_s": loud.rate})


if __name__ == "__main__":
    if len(sys.argv) > 1:
        flood(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
