"""Commands: what goes from a controller to one host."""

from datetime import datetime
from typing import Literal

import msgspec

from common.states import Power
from common.wire.goals import Goal
from common.wire.limits import Message


class Wanted(Message, frozen=True):
    """One line of the desired list that a host is welcomed with."""

    server: str
    generation: int
    power: Power
    digest: str


class Welcome(Message, frozen=True):
    """The answer to a hello: the epoch to speak under, how long, and what should be on the host."""

    hello: str
    epoch: int
    lease_seconds: float
    wanted: tuple[Wanted, ...]
    at: datetime


class Lease(Message, frozen=True):
    """The answer to a heartbeat. ``beat`` repeats its number: the lease counts from when that was sent.

    ``lease_seconds`` 0 is the answer to one of an old epoch: another hello of this host was accepted since.
    """

    beat: int
    lease_seconds: float
    at: datetime


class Query(Message, frozen=True):
    """A question about a server, answered by an event: ``console`` gives its last ``length`` lines (None: all kept)."""

    id: str
    what: Literal["console"]
    length: int | None = None


class Command(Message, frozen=True):
    """An envelope to one host. ``expires`` is controller time; ``request_id`` is the API request behind it."""

    id: str
    host: str
    host_epoch: int
    verb: Literal["welcome", "lease", "converge", "query"]
    body: msgspec.Raw
    expires: datetime
    server: str = ""
    generation: int = 0
    request_id: str = ""


class Sealed(Message, frozen=True):
    """What is on the bus: a command's own bytes, and their signature (HMAC-SHA256, hex) with the host's key ``key``.

    Both are empty for a host without a key.
    """

    key: str
    signature: str
    command: msgspec.Raw


COMMANDS: dict[str, type[Message]] = {"welcome": Welcome, "lease": Lease, "converge": Goal, "query": Query}
"""Each verb's body."""
