"""CPU of a controller that hears 10,000 hosts every 10 s.

    HOSTS=10000 make bench BENCH=scale_heard [JSON=1]

The hosts' rows are written straight into the database; one process says their heartbeats, one queue takes the leases
that answer them: what is measured is the hearing, not the broker's queues (see scale_hosts, scale_broker).
"""

import os

from bench import cluster, processes, report
from bench.feeder import Feeder, sink

HOSTS = int(os.environ.get("HOSTS", "10000"))
EVERY, ROUNDS = 10.0, 4
ADD = """\
INSERT INTO host (id, name, generation, epoch, boot_id, state, enabled, disabled_reason, closed, heard_at, lease_until,
                  features, inventory, usage)
SELECT id, 'fed' || place, 1, 1, 'boot', 'up', true, '', '', now(), now() + interval '1 hour', '[]', '{{}}', '{{}}'
FROM unnest(ARRAY[{ids}]) WITH ORDINALITY AS fed (id, place) RETURNING 1"""
HEARD = "SELECT count(*) FROM host WHERE heard_at > now() - interval '{every} seconds'"


def main() -> None:
    """Measure over a few rounds, after one to warm up."""
    with cluster.cluster(0) as made:
        feeder, ask = Feeder(made.base["bus"], HOSTS), made.asks()
        ask(ADD.format(ids=", ".join(f"'{host}'" for host in feeder.hosts)))
        port = int(made.base["bus"].rpartition(":")[2].rstrip("/"))
        with sink(port, feeder.hosts):
            feeder.beat(EVERY)
            before = processes.cpu_seconds(made.roots)
            for _ in range(ROUNDS):
                feeder.beat(EVERY)
            after = processes.cpu_seconds(made.roots)
            heard = ask(HEARD.format(every=EVERY + 3))
        held = processes.memory(made.roots)
    seconds = EVERY * ROUNDS
    percent = {role: (after[role] - before[role]) / seconds * 100 for role in after}
    roles = ("controller", "PostgreSQL", "RabbitMQ")
    rows: dict[str, list[report.Value]] = {
        "CPU, % of a core": [percent[role] for role in roles],
        "CPU, ms a heartbeat": [percent[role] / 100 * EVERY / HOSTS * 1000 for role in roles],
        "memory, MiB PSS": [held[role].pss for role in roles],
        f"heard in the last {EVERY + 3:.0f} s": [None, heard, None],
    }
    facts: dict[str, report.Value] = {
        "hosts": HOSTS,
        "heard": heard,
        "controller_cpu_percent": percent["controller"],
        "database_cpu_percent": percent["PostgreSQL"],
        "broker_cpu_percent": percent["RabbitMQ"],
        "controller_mb": held["controller"].pss,
    }
    report.show(f"{HOSTS} hosts heard every {EVERY:.0f} s", roles, rows, facts)


if __name__ == "__main__":
    main()
