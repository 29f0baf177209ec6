"""What a filter is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask

Reason = Callable[[Candidate, Ask], str | None]
Summary = Callable[[Sequence[Candidate], Ask], str]


@dataclass(frozen=True)
class Filter:
    """A reason why a host cannot take a server, or None; and one phrase for all hosts that fell at it.

    The phrase follows a number: ``2 lack memory (need 4096 MiB, best has 1800)``.
    """

    name: str
    reason: Reason
    summary: Summary
