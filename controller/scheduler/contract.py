"""What a scheduler does. It decides on a mirror of the ledger; the ledger's comparisons say whether that holds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from controller.db.engine import Tx


class Ask(NamedTuple):
    """A server that wants a host: its amounts by resource class, the features its host must have."""

    server: str
    amounts: Mapping[str, int]
    features: frozenset[str] = frozenset()


class Decision(NamedTuple):
    """What was decided for one server: a host, or why none."""

    server: str
    host: str | None
    reason: str


class Scheduler(Protocol):
    """Decides and claims. Called by one writer at a time (the holder of the scheduler's lease)."""

    def claim(self, tx: Tx, asks: Sequence[Ask]) -> list[Decision]:
        """Pick a host for each, write the claims and the decision records in ``tx``.

        The caller writes the servers' hosts. One that has a claim already keeps it. Raises Conflict when the ledger
        changed meanwhile: roll back, try again.
        """
        ...

    def release(self, tx: Tx, servers: Sequence[str]) -> None:
        """Give back all that the ledger shows for these servers; again is harmless."""
        ...

    def reload(self) -> None:
        """Forget what is remembered: called after every rollback."""
        ...
