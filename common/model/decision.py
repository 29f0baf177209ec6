"""Placement decisions: where a server went, or why nowhere, for people to read later."""

from datetime import datetime

from common.model import Record


class Fallen(Record, frozen=True):
    """What one filter did: how many hosts fell at it, and the reasons of the first of them, by the host's name."""

    filter: str
    hosts: int
    reasons: dict[str, str]


class NearMiss(Record, frozen=True):
    """A host that almost fitted, and each thing that would have to change."""

    host: str
    missing: tuple[str, ...]


class DecisionRecord(Record, frozen=True):
    """One decision. ``scores`` are those of the best hosts by name (lower is better), the chosen one first."""

    id: str
    server_id: str
    at: datetime
    host_id: str | None
    reason: str
    hosts: int
    fallen: tuple[Fallen, ...] = ()
    near: tuple[NearMiss, ...] = ()
    scores: dict[str, float] = {}
