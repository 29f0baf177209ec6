"""Deliberate breakages of a copy of the product, which the simulator must find: ``python -m tests.simulation.mutants``.

Each is made of replacements that must fit exactly once; one that the product has outgrown fails loudly. A breakage that
is ``held`` is one that another fence makes good: it is run to show that it is, and the pair without both is found.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("common", "controller", "compute_agent")


class Edit(NamedTuple):
    """A replacement in one file."""

    file: str
    old: str
    new: str


class Mutant(NamedTuple):
    """A breakage. ``held`` names the fence that still holds; empty where nothing does, and it must be found."""

    name: str
    edits: tuple[Edit, ...]
    held: str = ""


EPOCH_AGENT = Edit("compute_agent/session.py", "elif command.host_epoch != self.epoch:", "elif self.epoch is None:")
EPOCH_CONTROLLER = Edit("controller/workflow/gate.py", "if event.host_epoch != present:", "if event.host_epoch < 0:")
ACK_FIRST = Edit(
    "compute_agent/intake.py",
    "    try:\n        refused",
    "    consumer.ack(tags)\n    try:\n        refused",
)
NO_RESEND = Edit(
    "controller/workflow/settling.py",
    "    send(tx, [s for s in late if s.data.get(SENT) is None or found[s.subject].host_id in heard], world, found)",
    "    send(tx, [s for s in late if s.data.get(SENT) is None], world, found)",
)
NO_ASKING_ANEW = Edit("controller/workflow/hello.py", " | _under_way(host, desk)", "")
NO_DRIFT = Edit(
    "controller/workflow/hello.py",
    "        if domain is None:\n",
    "        if True:\n            continue\n        if domain is None:\n",
)
GENERATION = Edit(
    "compute_agent/converge.py",
    "if entry is None or entry.goal.generation < goal.generation:",
    "if entry is None or entry.goal.generation != goal.generation:",
)
DEDUPLICATION = Edit(
    "controller/db/inbox.py",
    "return {(str(id_), str(host)) for id_, host in tx.ensure(_table, rows)}",
    "tx.ensure(_table, rows)\n    return {(e.id, e.host) for e in events}",
)
EARLY = (
    Edit(
        "controller/db/outbox.py",
        "    tx.do(_REPLACED, servers=listed(e.server_id for e in entries))\n    OUTBOX.add(tx, entries)\n",
        "    tx.do(_REPLACED, servers=listed(e.server_id for e in entries))\n    OUTBOX.add(tx, entries)\n"
        "    epoch = {h: e for h, e in tx.rows(sa.select(tables.host.c.id, tables.host.c.epoch))}\n"
        "    for relay in EARLY[-1:]:\n"
        "        due = [relay._sealed(Due(e, epoch[e.host_id]), e.created_at) for e in entries]\n"
        "        relay._publish([command for command in due if command])\n",
    ),
    Edit("controller/db/outbox.py", "_table = tables.outbox\n", "_table = tables.outbox\nEARLY = []\n"),
    Edit(
        "controller/workflow/relay.py",
        "        self._fleeting: deque[wire.Command] = deque()\n",
        "        self._fleeting: deque[wire.Command] = deque()\n        outbox.EARLY.append(self)\n",
    ),
)
UNDO = Edit(
    "controller/workflow/stretch.py",
    "stay = (step.undo(tx, sagas, world) or {}) if step.undo else {}",
    "stay = {}",
)
DESIRED_LIST = Edit(
    "compute_agent/handshake.py",
    '        self._runner.begin("report:hello", self._opening(), self._introduce)\n',
    '        self._runner.begin("report:hello", self._opening(), self._introduce)\n'
    "        for server in self._journal.open():\n            self._convergence.pursue(server)\n",
)
HALT = Edit("compute_agent/converge.py", "if self._halted or entry is None or", "if entry is None or")
SCHEDULER_LEASE = Edit(
    "controller/workflow/tenure.py",
    "return self._until.get(name, 0.0) > self._world.clock.monotonic()",
    "return True",
)
COMPARISON = Edit("controller/db/ledger/claims.py", "_AS_DECIDED).order_by", "sa.true()).order_by")
CAPACITY = Edit("controller/db/tables/hosts.py", "used >= 0 AND used <= capacity", "used >= 0")
AGENT_LEASE = Edit("compute_agent/session.py", "        if self._standing.lost:\n", "        if False:\n")
RESTART_NOTED = Edit("compute_agent/commands.py", "        terms.restarted()\n", "")
LEASE_EPOCH = Edit("controller/db/workflows.py", 'where=("id", "lease_epoch")', 'where=("id",)')
TWO_TRANSACTIONS = Edit(
    "controller/workflow/runner.py",
    "                taken += self._take(tx, retry, closed)\n",
    "                taken += self._take(tx, retry, closed)\n            with self._store.tx() as tx:\n",
)

MUTANTS = (
    Mutant("no epoch check (agent)", (EPOCH_AGENT,)),
    Mutant("no epoch check (controller)", (EPOCH_CONTROLLER,)),
    Mutant("ack before journal", (ACK_FIRST,), held="goals are asked for again"),
    Mutant("ack before journal, nothing asked again", (ACK_FIRST, NO_RESEND, NO_ASKING_ANEW, NO_DRIFT)),
    Mutant("no generation check", (GENERATION,)),
    Mutant("no inbox deduplication", (DEDUPLICATION,)),
    Mutant("outbox published before commit", EARLY),
    Mutant("scheduler lease not checked", (SCHEDULER_LEASE,), held="the ledger compares generations"),
    Mutant(
        "scheduler: neither lease nor comparison",
        (SCHEDULER_LEASE, COMPARISON),
        held="no host's use may go beyond its capacity",
    ),
    Mutant("scheduler: no lease, comparison or capacity", (SCHEDULER_LEASE, COMPARISON, CAPACITY)),
    Mutant("workflow lease epoch not checked", (LEASE_EPOCH,), held="rows stay locked over the whole stretch"),
    Mutant("rows not locked over the stretch", (TWO_TRANSACTIONS,), held="the workflow's lease epoch"),
    Mutant("neither lease epoch nor locked rows", (LEASE_EPOCH, TWO_TRANSACTIONS)),
    Mutant("undo skipped", (UNDO,)),
    Mutant("desired list not waited for", (DESIRED_LIST,), held="no step is begun before the welcome"),
    Mutant("desired list not waited for, steps begun", (DESIRED_LIST, HALT)),
    Mutant("agent's lease not minded", (AGENT_LEASE,)),
    Mutant("restart not noted", (RESTART_NOTED,)),
)


@contextmanager
def planted(mutant: Mutant) -> Iterator[Path]:
    """Give a folder with a broken copy of the product, and the tests beside it.

    :raises ValueError: an edit does not fit any more.
    """
    with tempfile.TemporaryDirectory(prefix="toft-mutant-") as name:
        folder = Path(name)
        for package in PACKAGES:
            shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "tests").symlink_to(ROOT / "tests")
        for edit in mutant.edits:
            broken(folder / edit.file, edit)
        yield folder


def broken(file: Path, edit: Edit) -> None:
    """Make one replacement.

    :raises ValueError: it does not fit exactly once.
    """
    text = file.read_text()
    if text.count(edit.old) != 1:
        raise ValueError(f"{edit.file}: this is there {text.count(edit.old)} times, not once: {edit.old!r}")
    file.write_text(text.replace(edit.old, edit.new))


class Found(NamedTuple):
    """How a mutant fared: seeds that were run, the invariant that caught it, events of its shortest schedule."""

    seeds: int
    invariant: str
    events: int


def hunt(mutant: Mutant, seeds: int, events: int, shrink: float = 60.0) -> Found:
    """Run seeds against a mutant until one fails that the sound product passes."""
    first = 0
    while first < seeds:
        with planted(mutant) as folder:
            told = _run(folder, first, seeds - first, events, shrink)
        if told["seed"] is None:
            break
        first = told["seed"] + 1
        with planted(Mutant("none", ())) as folder:
            if _run(folder, told["seed"], 1, events, 0)["seed"] is None:
                return Found(first, told["invariant"], told["events"])
    return Found(seeds, "", 0)


def _run(folder: Path, first: int, seeds: int, events: int, shrink: float) -> dict[str, Any]:
    """Run seeds in a process that finds its packages in a folder, up to the first that fails."""
    words = [
        "--first",
        first,
        "--seeds",
        seeds,
        "--events",
        events,
        "--jobs",
        1,
        "--stop",
        "--json",
        "--shrink",
        shrink,
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1) or not done.stdout:
        raise RuntimeError(done.stderr[-2000:])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-3])
    return told


def main(words: list[str]) -> int:
    """Hunt all mutants and print a table; 1 where one that must be found was not, or a held one broke through."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--events", type=int, default=1500)
    parser.add_argument("--shrink", type=float, default=60.0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mutants hunted at once")
    parser.add_argument("names", nargs="*", help="only those whose name has one of these words")
    asked = parser.parse_args(words)
    wanted = [m for m in MUTANTS if not asked.names or any(name in m.name for name in asked.names)]
    wrong = 0
    print(f"{'mutant':<48}{'seeds':>6}{'events':>8}  found by", flush=True)
    with ThreadPoolExecutor(asked.jobs) as pool:
        hunts = pool.map(lambda mutant: hunt(mutant, asked.seeds, asked.events, asked.shrink), wanted)
        for mutant, found in zip(wanted, hunts, strict=True):
            wrong += bool(found.invariant) == bool(mutant.held)
            by = found.invariant or (f"held: {mutant.held}" if mutant.held else "NOT FOUND")
            print(f"{mutant.name:<48}{found.seeds:>6}{found.events or '':>8}  {by}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
