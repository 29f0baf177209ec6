"""What happened in a run: always hashed, kept as lines where somebody wants to read it."""

import hashlib
from collections import Counter
from typing import NamedTuple

from common.clock import ManualClock


class Line(NamedTuple):
    """One thing that happened: when (virtual seconds), to whom, what. ``fault``: it was done to them on purpose."""

    at: float
    who: str
    what: str
    fault: bool


CHEAP = ("message reordered", "message doubled")
"""Faults that cost nothing to make, and that hit hard seldom."""


def counted(faults: Counter[str]) -> int:
    """Give how many of the faults count: of the cheap ones as many as make a third of that, at most."""
    cheap = sum(faults[kind] for kind in CHEAP)
    others = faults.total() - cheap
    return others + min(cheap, others // 2)


class Trace:
    """The record of one run. The same seed gives the same ``digest``, on any machine."""

    def __init__(self, clock: ManualClock, *, keeps: bool = False) -> None:
        self._clock, self._keeps = clock, keeps
        self._hash = hashlib.blake2b(digest_size=16)
        self.lines: list[Line] = []
        self.faults: Counter[str] = Counter()

    def tell(self, who: str, what: str, *, fault: bool = False) -> None:
        """Note that something happened."""
        line = Line(self._clock.monotonic(), who, what, fault)
        self._hash.update(f"{line.at:.3f} {who} {what}\n".encode())
        if self._keeps:
            self.lines.append(line)

    def fault(self, who: str, kind: str, what: str = "") -> None:
        """Note a fault that hit something in flight; only those are counted."""
        self.faults[kind] += 1
        self.tell(who, f"{kind}: {what}" if what else kind, fault=True)

    @property
    def digest(self) -> str:
        """Give the hash of all that was told so far."""
        return self._hash.hexdigest()
