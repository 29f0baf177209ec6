"""What one run has to stand: drawn from its seed, so that different runs are hard on different things."""

import random
from typing import NamedTuple

from tests.simulation.agents import CALL_TWISTS, SAY_TWISTS, TAKE_TWISTS
from tests.simulation.bus import ACK_TWISTS, PUBLISH_TWISTS
from tests.simulation.database import TWISTS

BLOWS = {
    "message lost": 12,
    "message doubled": 40,
    "message delayed": 60,
    "message reordered": 60,
    "broker wiped": 1,
    "partition": 2,
    "partition ends": 6,
    "agent killed": 4,
    "power loss": 2,
    "journal lost": 2,
    "domain lost": 3,
    "guest crashed": 3,
    "guest stopped": 3,
    "events missed": 4,
    "older agent": 2,
    "older agent wakes": 3,
    "controller killed": 2,
    "controller frozen": 2,
    "controller wakes": 5,
    "client hangs up": 6,
}
"""Faults that come by themselves, and how often against each other; the others are twists of what is being done."""

RARE = 4
"""What comes no more often than this is a disaster: few of them fall together, or nothing would ever be built."""


class Weather(NamedTuple):
    """How hard a run is. ``blows`` and ``twists`` are shares of all events, from 0 to 1."""

    hosts: int
    controllers: int
    batch: int
    blows: float
    twisted: float
    kinds: frozenset[str]
    twists: frozenset[str]


def weather(seed: int) -> Weather:
    """Draw the weather of a seed."""
    rng = random.Random(f"weather {seed}")
    twists = sorted({*TWISTS, *ACK_TWISTS, *PUBLISH_TWISTS, *CALL_TWISTS, *SAY_TWISTS, *TAKE_TWISTS})
    return Weather(
        hosts=rng.choice((2, 2, 3)),
        controllers=rng.choice((1, 2, 2)),
        batch=rng.choice((1, 4, 64)),
        blows=rng.choice((0.1, 0.25, 0.5)),
        twisted=rng.choice((0.05, 0.12, 0.25)),
        kinds=frozenset(kind for kind in BLOWS if rng.random() < (0.8 if BLOWS[kind] > RARE else 0.4)),
        twists=frozenset(twist for twist in twists if rng.random() < 0.5),
    )
