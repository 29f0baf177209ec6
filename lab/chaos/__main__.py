"""`make chaos`: faults under load, then healing, then the verdict."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from common import errors
from lab import plan as plans
from lab.chaos import evidence
from lab.chaos.client import Client, GaveUp
from lab.chaos.faults import Faults
from lab.chaos.load import Load
from lab.chaos.verdict import Verdict, judge
from lab.down import remove

BETWEEN = (0.5, 4.0)
"""Seconds between two faults, at least and at most."""
HEALING = 240.0
"""Seconds that a lab may take to heal after the last fault."""


SMALL = ["--hosts", "3", "--controllers", "2", "--memory", "640"]
"""The lab that is started where there is none: hosts of three servers, so that all have some."""


@click.command()
@click.option("--seed", type=int, default=None, help="Chooses the faults; a random one unless given.")
@click.option("--faults", type=click.IntRange(1), default=50, show_default=True)
@click.option("--alive", type=click.IntRange(1, 60), default=6, show_default=True, help="Servers at once.")
def chaos(seed: int | None, faults: int, alive: int) -> None:
    """Break the lab, and check that nothing acknowledged is lost, nothing is doubled and nothing leaks."""
    with _lab() as plan:
        seed = random.randrange(10**6) if seed is None else seed
        click.echo(f"seed {seed}: {faults} faults, {plan.hosts} hosts ({plan.driver}), {plan.controllers} controllers")
        load, dice = Load(plan, seed, alive), random.Random(seed)
        load.start()
        breaking = Faults(plan, dice)
        made = _break(breaking, dice, load, faults)
        load.stop()
        verdict, seconds = _heal(plan, load)
        click.echo(", ".join(f"{count} x {what}" for what, count in breaking.made.most_common()))
        _report(Client(plan, 10.0), load, verdict, seconds)
    click.echo(f"faults {made} lost {len(verdict.lost)} doubled {len(verdict.doubled)} leaked {len(verdict.leaked)}")
    raise SystemExit(0 if verdict.clean and not load.problems else 1)


@contextmanager
def _lab() -> Iterator[plans.Plan]:
    """Give the lab that runs; else start one, and take it down afterwards."""
    if plans.exists():
        yield plans.load()
        return
    if subprocess.run([sys.executable, "-m", "lab.up", *SMALL]).returncode:
        raise click.ClickException("without a lab there is nothing to break")
    try:
        yield plans.load()
    finally:
        remove()


def _break(faults: Faults, dice: random.Random, load: Load, count: int) -> int:
    """Make so many faults; gives how many were made before the load broke."""
    since = time.monotonic()
    for number in range(1, count + 1):
        time.sleep(dice.uniform(*BETWEEN))
        what = faults.next()
        wishes = load.wishes
        click.echo(
            f"  {time.monotonic() - since:7.1f} s  {number:4}  {what:<44}"
            f"  {len(wishes.created)} created, {len(wishes.deleted)} deleted"
        )
        if load.problems:
            return number
    return count


def _heal(plan: plans.Plan, load: Load) -> tuple[Verdict, float]:
    """Wait until nothing is wrong, or for as long as healing may take; gives what is wrong then."""
    since = time.monotonic()
    verdict = Verdict(lost=["nobody could look"])
    while not verdict.clean and time.monotonic() - since < HEALING:
        try:
            verdict = judge(load.wishes, evidence.gather(plan, Client(plan, 30.0)))
        except (GaveUp, errors.ToftError, subprocess.SubprocessError) as error:
            verdict = Verdict(lost=[f"nobody could look: {error}"])
        if not verdict.clean:
            time.sleep(2)
    return verdict, time.monotonic() - since


def _report(client: Client, load: Load, verdict: Verdict, seconds: float) -> None:
    wishes = load.wishes
    click.echo(f"{len(wishes.created)} created, {len(wishes.deleted)} deleted; healed after {seconds:.0f} s")
    for problem in load.problems:
        click.echo(f"a client gave up: {problem}")
    for sentence in verdict.all:
        click.echo(f"* {sentence}")
        try:
            steps = client.timeline(sentence.split()[0])
        except GaveUp:
            steps = []
        for step in steps:
            click.echo(f"    {' '.join(str(value) for value in step.values())}")


if __name__ == "__main__":
    chaos()
