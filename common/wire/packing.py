"""Between messages and bytes."""

from typing import Any, TypeVar

import msgspec

from common import errors
from common.wire.commands import COMMANDS, Command
from common.wire.limits import LIMIT
from common.wire.reports import EVENTS, Event

NUL = b"\\u0000"
"""How JSON writes it."""

M = TypeVar("M")


def pack(message: msgspec.Struct) -> bytes:
    """Write a message as JSON."""
    return msgspec.json.encode(message)


def raw(message: msgspec.Struct) -> msgspec.Raw:
    """Write a message as the body of an envelope."""
    return msgspec.Raw(msgspec.json.encode(message))


def unpack(data: bytes | msgspec.Raw, kind: type[M]) -> M:
    """Read a message.

    :raises BadRequest: it is too big, or not of that kind.
    """
    view = bytes(data)
    if len(view) > LIMIT:
        raise errors.BadRequest(f"a message of {len(view)} bytes is over the limit of {LIMIT}")
    try:
        if NUL in view:  # seldom: else each message would be read twice
            _refuse_nul(msgspec.json.decode(view))
        return msgspec.json.decode(view, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise errors.BadRequest(f"not a {kind.__name__}: {error}") from error


def _refuse_nul(value: Any) -> None:
    """See that no text has the one character that databases do not take.

    :raises BadRequest: one has.
    """
    if isinstance(value, str) and "\0" in value:
        raise errors.BadRequest("a text has a NUL in it")
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for inner in value:
            _refuse_nul(inner)


def body_of(envelope: Command | Event) -> Any:
    """Read the body of an envelope as what its verb or kind says.

    :raises BadRequest: the body does not fit.
    """
    kind = COMMANDS[envelope.verb] if isinstance(envelope, Command) else EVENTS[envelope.kind]
    return unpack(envelope.body, kind)
