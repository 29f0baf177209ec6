"""Compares the scheduler with the oracle: ``python -m tests.scheduler --decisions 10000`` (or ``make oracle``).

The last line is ``decisions N mismatches M``; it ends with 1 where there was a mismatch.
"""

import argparse
import sys

from tests.scheduler.trials import run


def main() -> int:
    """Run trials from a seed on, and tell what is amiss."""
    parser = argparse.ArgumentParser(prog="tests.scheduler")
    parser.add_argument("--decisions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first fleet; each has one of its own")
    asked = parser.parse_args()
    outcome = run(asked.seed, asked.decisions)
    for said in outcome.mismatches:
        print(said)
    print(f"{outcome.placed} found a host, {outcome.decisions - outcome.placed} found none")
    print(f"decisions {outcome.decisions} mismatches {len(outcome.mismatches)}")
    return int(bool(outcome.mismatches))


if __name__ == "__main__":
    sys.exit(main())
