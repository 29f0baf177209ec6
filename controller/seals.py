"""Signs commands with the keys of the hosts that they go to (HMAC-SHA256 over the command's own bytes)."""

import hashlib
import hmac
from collections.abc import Callable, Sequence

import msgspec

from common import wire
from controller.db import credentials
from controller.db.engine import Store

Decrypt = Callable[[bytes], bytes]


class Seals:
    """Keeps the keys of the hosts it signed for.

    A host's agent says in its hello which keys it has, and each hello grows its epoch: a key is read again for the
    first command under a new epoch, and that is all there is to invalidate, in every controller.

    :param decrypt: opens a key as the table has it.
    """

    def __init__(self, store: Store, decrypt: Decrypt) -> None:
        self._store, self._decrypt = store, decrypt
        self._kept: dict[str, tuple[int, str, bytes]] = {}

    def seal(self, commands: Sequence[wire.Command]) -> list[bytes]:
        """Write commands as they go on the bus, in their order; with one read for all hosts that are new here.

        :raises DatabaseUnavailable: a key cannot be read.
        """
        self._learn({c.host: c.host_epoch for c in commands if self._epoch(c.host) != c.host_epoch})
        return [self._frame(command) for command in commands]

    def _epoch(self, host: str) -> int:
        return self._kept[host][0] if host in self._kept else -1

    def _learn(self, epochs: dict[str, int]) -> None:
        if not epochs:
            return
        with self._store.read() as tx:
            found = credentials.in_use(tx, epochs.keys())
        for host, epoch in epochs.items():
            credential = found.get(host)
            key = self._decrypt(credential.key.encode()) if credential else b""
            self._kept[host] = (epoch, credential.id if credential else "", key)

    def _frame(self, command: wire.Command) -> bytes:
        _, name, key = self._kept[command.host]
        return seal(command, name, key)


def seal(command: wire.Command, name: str = "", key: bytes = b"") -> bytes:
    """Write one command as it goes on the bus; without a key it is not signed."""
    body = wire.pack(command)
    signature = hmac.new(key, body, hashlib.sha256).hexdigest() if key else ""
    return wire.pack(wire.Sealed(key=name, signature=signature, command=msgspec.Raw(body)))


def unsigned(commands: Sequence[wire.Command]) -> list[bytes]:
    """Write commands for hosts that have no key: where the bus is in this very process."""
    return [seal(command) for command in commands]
