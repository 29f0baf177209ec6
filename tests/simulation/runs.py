"""One run of a seed: so many events under its weather, then the repair and the last check."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import NamedTuple

from tests.simulation.database import Disk
from tests.simulation.fleet import Fleet
from tests.simulation.furnish import furnish
from tests.simulation.heal import heal
from tests.simulation.schedule import Choice, Chooser, Doer
from tests.simulation.trace import Line
from tests.simulation.weather import weather

MEMORY = Path("/dev/shm")
EVENTS = 3000
"""Events of a run before its repair."""


class Outcome(NamedTuple):
    """How a run ended. ``broken``: the invariant that did not hold, and what was found."""

    seed: int
    faults: Counter[str]
    digest: str
    choices: list[Choice]
    broken: tuple[str, str] | None
    lines: list[Line]
    seconds: float


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Give a folder that is gone afterwards, on a file system in memory where there is one."""
    with TemporaryDirectory(prefix="toft-simulation-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


class Simulation:
    """Runs on one database file, one after the other.

    :param folder: for the files of all of them; one in memory is quicker.
    :param quiet: let the product log nothing in this process: in bad weather it has much to say.
    """

    def __init__(self, folder: Path, *, quiet: bool = True) -> None:
        if quiet:
            logging.disable(logging.CRITICAL)
        self._disk = Disk(Path(mkdtemp(dir=folder)), furnish)

    def run(self, seed: int, events: int = EVENTS) -> Outcome:
        """Run a seed."""
        return self._run(seed, lambda fleet: _chosen(seed, fleet, events), keeps=False)

    def replay(self, seed: int, choices: Sequence[Choice], *, keeps: bool = False) -> Outcome:
        """Run again what was chosen, or a part of it."""
        return self._run(seed, lambda fleet: _done(fleet, choices), keeps=keeps)

    def _run(self, seed: int, play: Callable[[Fleet], list[Choice]], *, keeps: bool) -> Outcome:
        fleet = Fleet(seed, weather(seed), self._disk, keeps=keeps)
        try:
            choices = play(fleet)
            if fleet.checker.broken is None:
                heal(fleet)
            trace = fleet.trace
            return Outcome(
                seed, trace.faults, trace.digest, choices, fleet.checker.broken, trace.lines, fleet.clock.monotonic()
            )
        finally:
            fleet.close()

    def close(self) -> None:
        """Let go of the files."""
        self._disk.close()


def _chosen(seed: int, fleet: Fleet, events: int) -> list[Choice]:
    chooser, doer, choices = Chooser(seed, fleet), Doer(fleet), list[Choice]()
    while len(choices) < events and fleet.checker.broken is None:
        choices.append(chooser.next())
        doer.do(choices[-1])
    return choices


def _done(fleet: Fleet, choices: Sequence[Choice]) -> list[Choice]:
    doer, done = Doer(fleet), list[Choice]()
    for choice in choices:
        if fleet.checker.broken is None:
            doer.do(choice)
            done.append(choice)
    return done
