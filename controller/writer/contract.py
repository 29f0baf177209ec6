"""What handlers see of the writer: they hand it changes and get their answer after the commit."""

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, Self, TypeVar

import msgspec

from common import errors
from controller.db.engine import Tx
from controller.workflow.world import World

R = TypeVar("R")


class Change(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """Something that a request wants changed. ``apply`` runs in the shared transaction, in a savepoint of its own.

    It must depend on nothing but its fields, ``tx`` and ``world``: a batch that breaks is tried again in halves.
    """

    returns: ClassVar[Any] = None
    """The type of the result, so that a repeat under the same idempotency key can be answered from the store."""

    of_identity: ClassVar[bool] = False
    """Whether it changes who may do what: users, roles, tokens."""

    def apply(self, tx: Tx, world: World) -> R:
        """Make the change and give the record that the answer is rendered from.

        :raises ToftError: it cannot be; nothing of it is kept.
        """
        raise NotImplementedError

    @classmethod
    def accept(cls, tx: Tx, changes: Sequence[Self], world: World) -> "list[R | errors.ToftError]":
        """Make several at once: a result or a refusal each. Hot changes are written here, like a step."""
        results: list[R | errors.ToftError] = []
        for change in changes:
            try:
                with tx.savepoint():
                    results.append(change.apply(tx, world))
            except errors.ToftError as error:
                results.append(error)
        return results


class Key(NamedTuple):
    """An idempotency key: whose, which, and the digest of the request it came with."""

    project_id: str
    key: str
    request_digest: str


class Writer(Protocol):
    """What a handler sees of the writer."""

    def submit(self, change: Change[R], key: Key | None = None) -> R:
        """Hand over a change; returns its result after the commit.

        With a key that was used before, gives that result and changes nothing.

        :raises ToftError: the change's own refusal.
        :raises Conflict: the key was used with another request.
        :raises Unavailable: the database is away, or too much waits; with the same key it is safe to try again.
        """
        ...
