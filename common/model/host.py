"""Hosts: the machines that servers run on."""

import enum
from datetime import datetime

from common.model import Record


class HostState(enum.StrEnum):
    """What the controller knows of a host's agent.

    New: enrolled, never heard. Deaf: it is heard, but has not been answered for a lease.
    """

    NEW = "new"
    UP = "up"
    DEAF = "deaf"
    DOWN = "down"


class Host(Record, frozen=True):
    """A host. ``epoch`` grows at each accepted hello, ``generation`` at each change of its ledger.

    ``closed`` says why it takes no new claims although enabled (a shrunken inventory), or is empty. ``version`` is its
    agent's, ``credential`` the key that its agent named last. ``muted_at``: since when it may not report, for it said
    too much. ``degraded``: what hangs there. ``held``: what it reports to have of a class, beyond belief.
    """

    id: str
    name: str
    generation: int
    epoch: int
    boot_id: str
    state: HostState
    enabled: bool
    heard_at: datetime
    lease_until: datetime
    disabled_reason: str = ""
    closed: str = ""
    features: tuple[str, ...] = ()
    inventory: dict[str, object] = {}
    usage: dict[str, object] = {}
    version: str | None = None
    muted_at: datetime | None = None
    degraded: str | None = None
    credential: str | None = None
    held: dict[str, int] | None = None
