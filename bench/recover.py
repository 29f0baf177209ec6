"""Seconds from kill -9 to healed, for each part of a fleet, in the middle of creates and deletes of real guests.

    SERVERS=10 make bench BENCH=recover [JSON=1]

Each part is killed when a third of SERVERS creates and as many deletes is acknowledged, and started again at once,
as by a supervisor. *Back* is when it works again: an agent is welcomed, every host is heard through the broker, the API
answers. *Healed* is when all is as asked, on every side: API, ledger, libvirt, disks, ports; the guests asked for are
started by then, which is most of that time under emulation. It uses the lab that runs, or one of its own.
"""

import os
import subprocess
import sys
from contextlib import nullcontext

from bench import report
from lab import down, plan
from lab.burst import Bursts
from lab.processes import away

SERVERS = int(os.environ.get("SERVERS", "10"))
LAB = ("--hosts", "2", "--controllers", "2")

ALONE = "the only controller"
PARTS = {
    "nobody": ("nobody", None),
    "an agent": ("agent-host1", "20 of 20 in ERROR"),
    "one of two controllers": ("controller-2", None),
    ALONE: ("controller", "45 of 60 in BUILD for good"),
    "RabbitMQ": ("rabbitmq", "30 s away: 2 in BUILD for good"),
    "PostgreSQL": ("postgresql", None),
}
"""What is killed -> its name in the lab, and what Nova 34 came to on this class of machine (its conductor there)."""


def main() -> None:
    """Measure on the lab that runs, or on one that is started for it."""
    mine = not plan.exists()
    if mine:
        subprocess.run([sys.executable, "-m", "lab.up", *LAB], check=True)
    try:
        measure(Bursts(plan.load()))
    finally:
        if mine:
            down.remove()


def measure(bursts: Bursts) -> None:
    """Kill each part once, and show what came of it."""
    rows: dict[str, list[report.Value]] = {}
    facts: dict[str, report.Value] = {}
    for what, (victim, nova) in PARTS.items():
        with away("controller-2") if what == ALONE else nullcontext():
            came = bursts.run(victim, SERVERS, SERVERS)
        wrong = came.verdict
        lost, doubled, leaked = len(wrong.lost), len(wrong.doubled), len(wrong.leaked)
        rows[what] = [came.back, came.healed, came.asked, lost, doubled, leaked, nova]
        name = victim.replace("-", "_")
        facts |= {f"{name}_back_s": round(came.back, 1), f"{name}_healed_s": round(came.healed, 1)}
        facts["wrong"] = int(facts.get("wrong") or 0) + lost + doubled + leaked
        print(f"  {what}: back {came.back:.1f} s, healed {came.healed:.1f} s {' '.join(wrong.all)}", flush=True)
    report.show("Seconds after kill -9", ["back", "healed", "asked", "lost", "doubled", "leaked", "Nova"], rows, facts)


if __name__ == "__main__":
    main()
