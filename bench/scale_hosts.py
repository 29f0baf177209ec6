"""Memory of a controller that knows 1,000 hosts, and of the broker that has their queues.

    HOSTS=1000 make bench BENCH=scale_hosts [JSON=1]

Each host said a hello, so that its row, its ledger and its quorum queue are real; one process speaks for all.
"""

import os
import time

from bench import cluster, processes, report
from bench.feeder import Feeder

HOSTS = int(os.environ.get("HOSTS", "1000"))
PATIENCE = 300.0
KNOWN = "SELECT count(*) FROM host WHERE epoch > 0"


def main() -> None:
    """Measure before and after."""
    with cluster.cluster(0) as made:
        time.sleep(10.0)
        before = processes.memory(made.roots)
        ask, feeder, begun = made.asks(), Feeder(made.base["bus"], HOSTS), time.monotonic()
        feeder.hellos()
        while ask(KNOWN) < HOSTS:
            if time.monotonic() - begun > PATIENCE:
                raise TimeoutError(f"{ask(KNOWN)} of {HOSTS} hosts are known after {PATIENCE:.0f} s")
            time.sleep(0.5)
        welcomed = time.monotonic() - begun
        feeder.beat(10.0)
        cpu = processes.cpu_seconds(made.roots)
        for _ in range(3):
            feeder.beat(10.0)
        used = {role: (now - cpu[role]) / 30.0 * 100 for role, now in processes.cpu_seconds(made.roots).items()}
        after = processes.memory(made.roots)
    roles = ("controller", "PostgreSQL", "RabbitMQ")
    rows: dict[str, list[report.Value]] = {
        "before, MiB PSS": [before[role].pss for role in roles],
        f"with {HOSTS} hosts, MiB PSS": [after[role].pss for role in roles],
        f"with {HOSTS} hosts, MiB RSS": [after[role].rss for role in roles],
        "heard every 10 s, CPU in % of a core": [used[role] for role in roles],
        "hellos accepted a second": [HOSTS / welcomed, None, None],
    }
    facts: dict[str, report.Value] = {
        "hosts": HOSTS,
        "controller_mb": after["controller"].pss,
        "broker_mb": after["RabbitMQ"].pss,
        "hellos_per_s": HOSTS / welcomed,
    }
    report.show(f"{HOSTS} hosts, one quorum queue each", roles, rows, facts)


if __name__ == "__main__":
    main()
