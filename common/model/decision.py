"""Placement decisions: where a server went, or why nowhere, for people to read later."""

from datetime import datetime

from common.model import Record


class Fallen(Record, frozen=True):
    """What one filter did: how many hosts fell there first, why, as codes, and the words of the first few by host."""

    filter: str
    hosts: int
    reasons: dict[str, str]
    codes: tuple[str, ...] = ()


class NearMiss(Record, frozen=True):
    """A host that almost fitted, and each thing that would have to change."""

    host: str
    missing: tuple[str, ...]


class Rated(Record, frozen=True):
    """A host that fits, with its score (lower is better) and what that is made of."""

    host: str
    score: float
    terms: dict[str, float] = {}


class Change(Record, frozen=True):
    """One thing that, were it different, would let the server fit: ``if memory <= 1800 MiB``, ``in zone b``.

    ``hosts``: what operators are told beside it, such as which server would leave which host.
    """

    code: str
    text: str
    hosts: str = ""


class DecisionRecord(Record, frozen=True):
    """One decision. ``hosts`` were seen; ``best`` are the first of those that fit, the chosen one first.

    ``changes`` and ``near`` are there where no host fitted; ``never``: none would even if it were empty. ``inputs``:
    what was asked, for a replay.
    """

    id: str
    server_id: str
    at: datetime
    host_id: str | None
    reason: str
    hosts: int
    fallen: tuple[Fallen, ...] = ()
    near: tuple[NearMiss, ...] = ()
    scores: dict[str, float] = {}
    best: tuple[Rated, ...] = ()
    changes: tuple[Change, ...] = ()
    inputs: dict[str, object] | None = None
    never: bool = False
