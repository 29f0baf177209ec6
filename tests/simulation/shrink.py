"""From a failing schedule to the shortest one that still fails in the same way: leave parts out, larger ones first."""

import time
from collections.abc import Callable, Sequence

from tests.simulation.schedule import Choice

Fails = Callable[[Sequence[Choice]], bool]


def shrunken(choices: Sequence[Choice], fails: Fails, seconds: float = 120.0) -> list[Choice]:
    """Give the shortest part of ``choices`` that was found within ``seconds`` and still ``fails``."""
    found, end = list(choices), time.monotonic() + seconds
    size = max(1, len(found) // 2)
    while time.monotonic() < end:
        shorter = _without_parts(found, size, fails, end)
        if size == 1 and len(shorter) == len(found):
            break
        found = shorter
        size = max(1, min(size // 2, len(found)))
    return found


def _without_parts(choices: list[Choice], size: int, fails: Fails, end: float) -> list[Choice]:
    """Leave out each part of that size that is not needed, the last one first: it is the likeliest to be idle."""
    place = len(choices)
    while place > 0 and time.monotonic() < end:
        place -= size
        trial = choices[: max(0, place)] + choices[place + size :]
        if fails(trial):
            choices = trial
    return choices
