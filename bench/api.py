"""Latency of the API's busiest calls, at 1 and at 32 clients.

    SERVERS=1000 AGENTS=50 make bench BENCH=api [JSON=1]

One controller, agents, RabbitMQ and PostgreSQL as processes; the clients are one more process on the same cores. POSTs
go all the way: while they are answered, the servers before them are being built. Lists are read with so many servers
there, all ACTIVE.
"""

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from bench import cluster, load, processes, report
from bench.cluster import Cluster

SERVERS = int(os.environ.get("SERVERS", "1000"))
AGENTS = int(os.environ.get("AGENTS", "50"))
CLIENTS = 32
AT_ONCE = 250
"""Servers of one multi-create."""

LIVE = "SELECT count(*) FROM workflow WHERE state = 'live'"
PATIENCE = 300.0
COMPUTE = "/compute/v2.1"


class Call(NamedTuple):
    """A call: its key among the facts, and how often it is made at 1 client and at 32."""

    name: str
    key: str
    alone: int
    together: int
    nova: str


POST = Call("create", "post", 50, 640, "– / 2,991")
GETS = {
    Call("one server", "get", 200, 1600, "29 / 392"): f"{COMPUTE}/servers/{{id}}",
    Call("100 servers", "list_100", 50, 320, "325 / 6,468"): (f"{COMPUTE}/servers/detail?limit=100"),
    Call("1,000 servers", "list_1000", 20, 96, "3,658 / –"): f"{COMPUTE}/servers/detail?limit=1000",
    Call("hypervisors", "hypervisors", 20, 96, "1,177 / –"): f"{COMPUTE}/os-hypervisors/detail",
    Call("flavors", "flavors", 100, 640, "12 / –"): f"{COMPUTE}/flavors/detail",
}
"""Call -> its path."""


class Took(NamedTuple):
    """What a call took: milliseconds at 1 and at 32 clients, the controller's CPU-milliseconds for each at 32."""

    p50: float
    p99: float
    p50_together: float
    p99_together: float
    rate: float
    cpu: float


def measure(made: Cluster, call: Call, request: list[Any]) -> Took:
    """Make a call again and again, alone and from many clients at once."""
    load.run(made.port, made.tenant.token, [request] * 10, connections=1)
    alone = load.run(made.port, made.tenant.token, [request] * call.alone, connections=1)
    before = _cpu(made)
    together = load.run(made.port, made.tenant.token, [request] * call.together, connections=CLIENTS)
    cpu = (_cpu(made) - before) * 1000 / call.together
    rate = call.together / (together.ended - together.started)
    return Took(*_middle_and_end(alone), *_middle_and_end(together), rate, cpu)


def _cpu(made: Cluster) -> float:
    return processes.cpu_seconds(made.roots)["controller"]


def _middle_and_end(done: load.Load) -> tuple[float, float]:
    return done.percentile(0.5), done.percentile(0.99)


def settle(ask: Callable[[str], Any]) -> None:
    """Wait until no workflow is under way."""
    end = time.monotonic() + PATIENCE
    while left := ask(LIVE):
        if time.monotonic() > end:
            raise TimeoutError(f"{left} workflows are still under way")
        time.sleep(0.05)


def clear(made: Cluster, ask: Callable[[str], Any]) -> None:
    """Delete all servers."""
    while found := made.tenant.call("GET", f"{COMPUTE}/servers?limit=1000").body["servers"]:
        gone = [["DELETE", f"{COMPUTE}/servers/{server['id']}", None] for server in found]
        load.run(made.port, made.tenant.token, gone)
        settle(ask)


def fill(made: Cluster, body: dict[str, Any], ask: Callable[[str], Any]) -> str:
    """Have so many servers ACTIVE; gives the id of one."""
    left, made_one = SERVERS, ""
    while left:
        count = min(left, AT_ONCE)
        many = {"server": body["server"] | {"min_count": count, "max_count": count}}
        made_one = made.tenant.call("POST", f"{COMPUTE}/servers", many).body["server"]["id"]
        left -= count
    settle(ask)
    return made_one


def main() -> None:
    """Measure, and show."""
    with cluster.cluster(AGENTS) as made:
        body, ask = made.tenant.furnish(), made.asks()
        took = {POST: measure(made, POST, ["POST", f"{COMPUTE}/servers", body])}
        settle(ask)
        clear(made, ask)
        server = fill(made, body, ask)
        for call, path in GETS.items():
            took[call] = measure(made, call, ["GET", path.format(id=server), None])
    show(took)


def show(took: dict[Call, Took]) -> None:
    """Print the table."""
    columns = ["1 client", f"{CLIENTS} clients", "a second", "CPU", "Nova"]
    rows: dict[str, list[report.Value]] = {
        call.name: [
            f"{t.p50:.1f} / {t.p99:.1f}",
            f"{t.p50_together:.1f} / {t.p99_together:.1f}",
            t.rate,
            t.cpu,
            call.nova,
        ]
        for call, t in took.items()
    }
    facts: dict[str, report.Value] = {}
    for call, t in took.items():
        facts |= {f"{call.key}_ms": t.p50, f"{call.key}_32_ms": t.p50_together, f"{call.key}_cpu_ms": t.cpu}
    facts |= {"post_p50_ms": took[POST].p50_together, "post_p99_ms": took[POST].p99_together}
    report.show(
        f"ms, p50 / p99, {SERVERS} servers on {AGENTS} hosts; Nova: p50, 1 client / 16 (create: 32)",
        columns,
        rows,
        facts,
    )


if __name__ == "__main__":
    main()
