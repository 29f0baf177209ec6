"""What makes a command believed: the signature of its bytes with this host's key, checked before they are read.

What is signed says for which host it is, under which epoch, for which server and generation, and until when.
"""

import hashlib
import hmac
from collections.abc import Mapping

from common import errors
from common.refusals import Refused
from common.wire import Sealed, unpack

SHORTEST = 16
"""Bytes that a key has at least."""


def keys(text: str) -> dict[str, bytes]:
    """Read ``[agent] keys``: ``id:hex``, more of them after a blank.

    :raises SettingsError: it is written otherwise.
    """
    found = {}
    for word in text.split():
        name, _, secret = word.partition(":")
        try:
            found[name] = bytes.fromhex(secret)
        except ValueError:
            found[name] = b""
        if len(found[name]) < SHORTEST:
            raise errors.SettingsError("[agent] keys: write id:hex, more of them after a blank")
    return found


class Seals:
    """Opens what the controller sealed. Without a key only what has no signature is taken."""

    def __init__(self, known: Mapping[str, bytes]) -> None:
        self._known = known

    @property
    def names(self) -> tuple[str, ...]:
        """Give the ids of the keys that this host takes."""
        return tuple(sorted(self._known))

    def open(self, frame: bytes) -> bytes:
        """Give a command's bytes, which the controller signed.

        :raises Refused: it did not; says what is wrong.
        :raises BadRequest: the frame cannot be read.
        """
        sealed = unpack(frame, Sealed)
        command = bytes(sealed.command)
        if not self._known:
            if sealed.key:
                raise Refused("unknown-key", "it is signed, and this host has no key: see [agent] keys")
            return command
        if not sealed.key:
            raise Refused("unsigned", "it has no signature")
        if sealed.key not in self._known:
            raise Refused("unknown-key", "it is signed with a key that this host does not have")
        expected = hmac.new(self._known[sealed.key], command, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), sealed.signature.encode()):
            raise Refused("forged", "its signature does not fit")
        return command
