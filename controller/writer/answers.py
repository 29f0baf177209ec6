"""The answers that idempotency keys keep: sealed results, read back as the type that their change returns."""

from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.fernet import InvalidToken

from common import errors
from controller.writer.contract import Change

Cipher = Callable[[bytes], bytes]


class Answers:
    """Seals and opens results.

    :param seal: encrypts.
    :param unseal: decrypts, or raises InvalidToken.
    """

    def __init__(self, seal: Cipher, unseal: Cipher) -> None:
        self._seal, self._unseal = seal, unseal

    def keep(self, result: Any) -> str:
        """Make of a result the text that is kept."""
        return self._seal(msgspec.json.encode(result)).decode("ascii")

    def again(self, kept: str, change: Change[Any]) -> Any:
        """Give the result again.

        :raises Conflict: it cannot be read any more: a key was dropped, or another version wrote it.
        """
        try:
            return msgspec.json.decode(self._unseal(kept.encode("ascii")), type=change.returns)
        except (InvalidToken, msgspec.MsgspecError) as error:
            raise errors.Conflict("this idempotency key was used, and its answer cannot be read any more") from error
