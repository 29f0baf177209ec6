"""Servers that came and went in a public cloud: the Azure V1 flavor trace (CC BY 4.0), or the sample of it in here.

    TRACE=<folder>      a whole trace, of which every fourth server is taken; without it the sample is, whole

Both are in the form that ``bench/data/azure_v1_flavors/README.md`` describes. Only bins of durations are known: each
server runs for some time within its bin. Servers that still ran when the trace ended stay.
"""

import os
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from controller.scheduler.unusable import Size

SAMPLE = Path(__file__).parent / "data" / "azure_v1_flavors"
STEP = 300
"""Seconds in a line of the trace."""
QUARTER = 4
_SEED = 0


class Event(NamedTuple):
    """A server comes or goes, at a second since the trace began. In order of events, who goes is before who comes."""

    at: float
    comes: bool
    server: int


class Trace(NamedTuple):
    """What was read: what its servers ask for, and all that happened until it ended."""

    name: str
    servers: list[Size]
    events: list[Event]


class _Arrival(NamedTuple):
    at: int
    flavor: str
    ran: str


def given() -> Trace:
    """Read the trace that the environment names, or else the sample."""
    folder = os.environ.get("TRACE")
    if folder is None:
        return read("the sample shipped, a 20th of the trace", SAMPLE, 1)
    return read("one quarter of the trace", Path(folder), QUARTER)


def read(name: str, folder: Path, every: int) -> Trace:
    """Read every ``every``-th server of a trace, from the first.

    :raises OSError: the folder or one of its files is not there.
    """
    flavors, bins, chance = _flavors(folder), _bins(folder), random.Random(_SEED)
    arrivals = list(_arrivals(folder))
    end, taken = arrivals[-1].at + STEP, arrivals[::every]
    events = [Event(arrival.at, True, number) for number, arrival in enumerate(taken)]
    for number, arrival in enumerate(taken):
        least, most = bins[int(arrival.ran[1:])]
        gone = arrival.at + chance.uniform(least, most)
        if arrival.ran.startswith("U") and gone <= end:
            events.append(Event(gone, False, number))
    return Trace(name, [flavors[arrival.flavor] for arrival in taken], sorted(events))


def _flavors(folder: Path) -> Mapping[str, Size]:
    pairs = (line.split() for line in (folder / "flav_map.txt").read_text().splitlines())
    amounts = ((letter, size.split(",")) for size, letter in pairs)
    return {letter: Size(int(vcpus), int(float(gib) * 1024)) for letter, (vcpus, gib) in amounts}


def _bins(folder: Path) -> Mapping[int, tuple[int, int]]:
    """Give between which seconds the durations of each bin are."""
    found = defaultdict[int, list[int]](list)
    for line in (folder / "v1.interval_map.txt").read_text().splitlines():
        seconds, number = map(int, line.split())
        found[number].append(seconds)
    return {number: (min(seconds), max(seconds) + STEP) for number, seconds in found.items()}


def _arrivals(folder: Path) -> Iterator[_Arrival]:
    (lasting,) = folder.glob("v1.test.c*.txt")
    flavors, lasted = (path.read_text().splitlines() for path in (folder / "v1.test.txt", lasting))
    for came, ran in zip(flavors, lasted, strict=True):
        at = int(came.split(" ")[0])
        yield from (_Arrival(at, *pair) for pair in zip(_words(came), _words(ran), strict=True))


def _words(line: str) -> list[str]:
    return [word for word in line.split(" ")[1].split(",") if word not in ("", "|")]
