"""Runs many seeds, or one of them again: ``python -m tests.simulation --seeds 200`` (or ``make simulate SEEDS=200``).

The last line is ``faults N violations M``; it ends with 1 where there was a violation.
"""

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from tests.simulation.runs import EVENTS, Outcome, Simulation, folder_in_memory
from tests.simulation.shrink import shrunken
from tests.simulation.story import story
from tests.simulation.trace import CHEAP, counted


@cache
def simulation(folder: Path) -> Simulation:
    """Give this process's simulation."""
    return Simulation(folder)


def run(seed: int, events: int, folder: Path) -> Outcome:
    """Run a seed; of its choices only those of a failing run are given back."""
    outcome = simulation(folder).run(seed, events)
    return outcome if outcome.broken else outcome._replace(choices=[])


def summed(outcomes: Iterable[Outcome], seeds: int, *, stops: bool) -> tuple[Counter[str], list[Outcome]]:
    """Add up outcomes as they come, and tell how it goes every few seconds."""
    begun = told = time.monotonic()
    faults, failed = Counter[str](), list[Outcome]()
    for done, outcome in enumerate(outcomes, 1):
        faults += outcome.faults
        if outcome.broken:
            failed.append(outcome)
            print(f"seed {outcome.seed}: {outcome.broken[0]}: {outcome.broken[1]}", flush=True)
            if stops:
                break
        now = time.monotonic()
        if now - told > 10.0:
            told = now
            count = counted(faults)
            print(f"{done} of {seeds} seeds, {count} faults, {count / (now - begun):.0f}/s, {len(failed)} failed")
            sys.stdout.flush()
    return faults, failed


def explain(outcome: Outcome, seconds: float, folder: Path) -> int:
    """Shrink a failing run and tell its story; gives the number of its events."""
    assert outcome.broken
    broken = outcome.broken[0]

    def fails(choices: object) -> bool:
        again = simulation(folder).replay(outcome.seed, choices)  # type: ignore[arg-type]
        return again.broken is not None and again.broken[0] == broken

    choices = shrunken(outcome.choices, fails, seconds)
    told = simulation(folder).replay(outcome.seed, choices, keeps=True)
    print(f"\nseed {outcome.seed}, {len(choices)} events of {len(outcome.choices)} are enough:")
    print(*story(told.lines), sep="\n")
    print(f"broken: {told.broken[0]}: {told.broken[1]}\n" if told.broken else "it does not fail any more\n")
    return len(choices)


def all_of(asked: argparse.Namespace, folder: Path) -> tuple[Counter[str], list[Outcome]]:
    """Run all seeds that were asked for, side by side."""
    seeds = [asked.seed] if asked.seed is not None else range(asked.first, asked.first + asked.seeds)
    one = partial(run, events=asked.events, folder=folder)
    if len(seeds) == 1 or asked.jobs == 1:
        return summed(map(one, seeds), len(seeds), stops=asked.stop)
    with multiprocessing.Pool(asked.jobs) as pool:
        return summed(pool.imap_unordered(one, seeds), len(seeds), stops=asked.stop)


def main(words: list[str]) -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="run this one alone, and tell its story where it fails")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count(), help="processes")
    parser.add_argument("--events", type=int, default=EVENTS, help="events of each seed before its repair")
    parser.add_argument(
        "--shrink", type=float, default=120.0, help="seconds to shrink a failing schedule in; 0: do not"
    )
    parser.add_argument("--stop", action="store_true", help="stop at the first violation")
    parser.add_argument("--json", action="store_true", help="print what was found as one object")
    asked = parser.parse_args(words)
    with folder_in_memory() as folder:
        faults, failed = all_of(asked, folder)
        size = explain(failed[0], asked.shrink, folder) if failed and asked.shrink else 0
    print(*(f"{count:>9} {kind}" for kind, count in faults.most_common()), sep="\n")
    if asked.json:
        first = failed[0] if failed else None
        print(
            json.dumps(
                {"seed": first and first.seed, "invariant": first and first.broken and first.broken[0], "events": size}
            )
        )
    print(f"{faults.total():>9} in all, of which the cheap ones ({', '.join(CHEAP)}) count as a third at most")
    print(f"faults {counted(faults)} violations {len(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
