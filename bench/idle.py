"""Memory and CPU of a controller and an agent that have nothing to do.

    SECONDS=60 make bench BENCH=idle [JSON=1]

The agent runs the libvirt driver (a libvirtd of its own stands behind it); the CPU is what each used over so many
seconds, in percent of one core, after they came to rest. Statements are those that the database saw.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench import cluster, processes, report
from bench.cluster import Cluster
from tests.services.libvirt_host import libvirt_host

REST = 15.0
"""Seconds to come to rest."""

SECONDS = float(os.environ.get("SECONDS", "60"))
COMMITS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
NOVA = {"PSS": 1820.0, "RSS": 2340.0, "agent PSS": 123.0, "agent RSS": 146.0}


@contextmanager
def idle() -> Iterator[Cluster]:
    """Run one controller, and one agent on a host with a libvirtd of its own, until they have come to rest."""
    with cluster.cluster(0) as made, libvirt_host("bench") as host:
        (host.folder / "state").mkdir()
        config = made.folder / "agent.conf"
        config.write_text(cluster.SETTINGS.format(**made.base, folder=host.folder / "state", name="bench"))
        words = [str(cluster.BIN / "toft"), "agent", "--config", str(config)]
        env = {**os.environ, "OS_AGENT__DRIVER": "libvirt", "OS_LIBVIRT__VIRT_TYPE": "qemu"}
        with (made.folder / "agent.out").open("wb") as out:
            agent = subprocess.Popen(host.command(words, network=False), stdout=out, stderr=out, env=env)
        try:
            cluster.up(made, 1)
            made = replace(made, roots={**made.roots, "agents": [_child(agent.pid)]})
            time.sleep(REST)
            yield made
        finally:
            agent.kill()
            agent.wait()


def _child(parent: int) -> int:
    """Give the program that entered the host; its parent stayed outside."""
    return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])


def main() -> None:
    """Measure, and show it beside Nova."""
    with idle() as made:
        ask = made.asks()
        before, commits = processes.cpu_seconds(made.roots), ask(COMMITS)
        time.sleep(SECONDS)
        after, statements = processes.cpu_seconds(made.roots), ask(COMMITS) - commits
        held = processes.memory(made.roots)
        percent = {role: (after[role] - before[role]) / SECONDS * 100 for role in after}
    roles = ("controller", "agents", "PostgreSQL", "RabbitMQ")
    rows: dict[str, list[report.Value]] = {
        "memory, MiB PSS": [*(held[role].pss for role in roles), NOVA["PSS"], NOVA["agent PSS"]],
        "memory, MiB RSS": [*(held[role].rss for role in roles), NOVA["RSS"], NOVA["agent RSS"]],
        "processes": [*(held[role].processes for role in roles), 28, 1],
        "CPU, % of a core": [*(percent[role] for role in roles), None, None],
        "transactions a second": [None, None, statements / SECONDS, None, None, None],
    }
    facts: dict[str, report.Value] = {
        "controller_mb": held["controller"].pss,
        "agent_mb": held["agents"].pss,
        "controller_rss_mb": held["controller"].rss,
        "agent_rss_mb": held["agents"].rss,
        "controller_cpu_percent": percent["controller"],
        "agent_cpu_percent": percent["agents"],
        "transactions_per_s": statements / SECONDS,
    }
    report.show(
        "idle: one host", ("controller", "agent", "PostgreSQL", "RabbitMQ", "Nova, all", "Nova, a host"), rows, facts
    )


if __name__ == "__main__":
    main()
