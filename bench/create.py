"""Creates and deletes per second, and the CPU of every process for each server.

    RUNS=5 SERVERS=1000 AGENTS=50 make bench BENCH=create [JSON=1]

200 servers to warm up; then each run asks for 1,000, one POST each over 32 connections, and counts from the first POST
to the last ACTIVE; then it deletes them likewise. The median run is shown. The clients' own CPU is not counted.
"""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench import cluster, load, processes, report
from bench.cluster import Cluster
from bench.floor import Floor, floor

WARM_UP = 200
SERVERS = int(os.environ.get("SERVERS", "1000"))
RUNS = int(os.environ.get("RUNS", "5"))
AGENTS = int(os.environ.get("AGENTS", "50"))
LIVE = "SELECT count(*) FROM workflow WHERE state = 'live'"
LOST = "SELECT count(*) FROM server WHERE state <> 'DELETED' AND state <> '{state}'"
PATIENCE = 600.0


@dataclass
class Pass:
    """One pass over all servers: how many per second, ms of CPU for each by role, and the requests' milliseconds."""

    rate: float
    cpu: dict[str, float]
    p50: float
    p99: float
    servers: list[str] = field(default_factory=list)

    @property
    def cpu_ms(self) -> float:
        """Give the CPU-milliseconds of a server, all roles together."""
        return sum(self.cpu.values())


def measure(made: Cluster, requests: list[list[Any]], ask: Callable[[str], Any]) -> tuple[Pass, list[Any]]:
    """Send requests, wait until no workflow is left, and give what that took, and the answers."""
    before = processes.cpu_seconds(made.roots)
    sent = load.run(made.port, made.tenant.token, requests, bodies=True)
    end = time.monotonic() + PATIENCE
    while ask(LIVE):
        if time.monotonic() > end:
            raise TimeoutError(f"{ask(LIVE)} workflows are still under way")
        time.sleep(0.02)
    seconds, after = time.time() - sent.started, processes.cpu_seconds(made.roots)
    cpu = {role: (used - before[role]) * 1000 / len(requests) for role, used in after.items()}
    return Pass(len(requests) / seconds, cpu, sent.percentile(0.5), sent.percentile(0.99)), sent.bodies


def create(made: Cluster, body: Any, count: int, ask: Callable[[str], Any]) -> Pass:
    """Create so many servers, one request each.

    :raises RuntimeError: not all of them became ACTIVE.
    """
    done, answers = measure(made, [["POST", "/compute/v2.1/servers", body]] * count, ask)
    if lost := ask(LOST.format(state="ACTIVE")):
        raise RuntimeError(f"{lost} servers are not ACTIVE")
    done.servers = [answer["server"]["id"] for answer in answers]
    return done


def delete(made: Cluster, servers: list[str], ask: Callable[[str], Any]) -> Pass:
    """Delete servers, one request each.

    :raises RuntimeError: not all of them went.
    """
    done, _ = measure(made, [["DELETE", f"/compute/v2.1/servers/{server}", None] for server in servers], ask)
    if lost := ask(LOST.format(state="DELETED")):
        raise RuntimeError(f"{lost} servers are still there")
    return done


def series(
    made: Cluster, runs: int = RUNS, beside: Callable[[Pass], None] = lambda _: None
) -> tuple[list[Pass], list[Pass]]:
    """Warm up, then create and delete again and again.

    :param beside: called while the servers of the last pass are there.
    """
    body, ask = made.tenant.furnish(), made.asks()
    delete(made, create(made, body, WARM_UP, ask).servers, ask)
    creates, deletes = [], []
    for left in reversed(range(runs)):
        creates.append(create(made, body, SERVERS, ask))
        if not left:
            beside(creates[-1])
        deletes.append(delete(made, creates[-1].servers, ask))
    return creates, deletes


def median(passes: list[Pass]) -> Pass:
    """Give the pass in the middle, by its rate."""
    return sorted(passes, key=lambda one: one.rate)[(len(passes) - 1) // 2]


def main() -> None:
    """Measure both ways of running, and show them."""
    floors: list[Floor] = []
    with cluster.cluster(AGENTS) as made:
        creates, deletes = series(made, beside=lambda one: floors.append(floor(made, one.servers)))
    with cluster.embedded() as made:
        alone, alone_deletes = series(made)
    show(creates, deletes, alone, alone_deletes, floors[0])


def show(creates: list[Pass], deletes: list[Pass], alone: list[Pass], alone_deletes: list[Pass], least: Floor) -> None:
    """Print the table."""
    fleet, gone, one, one_gone = median(creates), median(deletes), median(alone), median(alone_deletes)
    cpu = statistics.median(run.cpu_ms for run in creates)
    rows: dict[str, list[report.Value]] = {
        "creates/s to ACTIVE": [fleet.rate, one.rate, 2.7],
        "  worst, best run": [_spread(creates), _spread(alone), None],
        "CPU ms a server": [cpu, one.cpu_ms, 710],
        "  floor: rows, messages, flushes": [least.cpu_ms, None, None],
        "  servers that share a commit": [least.batch, None, None],
        "  times the floor": [cpu / least.cpu_ms, None, None],
        **{f"  {role}": [ms, None, None] for role, ms in fleet.cpu.items()},
        "POST p50 ms": [fleet.p50, one.p50, 2991],
        "POST p99 ms": [fleet.p99, one.p99, 3686],
        "deletes/s": [gone.rate, one_gone.rate, 3.06],
        "CPU ms a delete": [gone.cpu_ms, one_gone.cpu_ms, None],
    }
    facts = {
        "creates_per_s": fleet.rate,
        "cpu_ms_per_server": cpu,
        "post_p50_ms": fleet.p50,
        "post_p99_ms": fleet.p99,
        "floor_ms": least.cpu_ms,
        "floor_batch": least.batch,
        "times_floor": cpu / least.cpu_ms,
        "deletes_per_s": gone.rate,
        "embedded_creates_per_s": one.rate,
        "embedded_cpu_ms_per_server": one.cpu_ms,
    }
    columns = [f"{AGENTS} agents, RabbitMQ, PostgreSQL", "embedded (SQLite)", "Nova"]
    report.show(f"create and delete, {SERVERS} servers, median of {len(creates)}", columns, rows, facts)


def _spread(passes: list[Pass]) -> str:
    rates = [run.rate for run in passes]
    return f"{min(rates):.0f} – {max(rates):.0f}"


if __name__ == "__main__":
    main()
