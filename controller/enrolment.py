"""What a host is given when it is enrolled: a user of the broker's, a signing key, and the settings file with both."""

import secrets
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from common.settings import Bus
from controller.broker import Broker

KEY_BYTES = 32


class Kit(NamedTuple):
    """A new credential. ``sealed`` is the key as the table keeps it; ``password`` and ``key`` are told once."""

    id: str
    user: str | None
    password: str
    key: bytes
    sealed: str


class Enrolment:
    """Makes credentials.

    :param declare: makes a host's queue (``Bus.declare_host``).
    :param encrypt: seals a key for the table.
    """

    def __init__(
        self, settings: Bus, broker: Broker, declare: Callable[[str], None], encrypt: Callable[[bytes], bytes]
    ) -> None:
        self.broker = broker
        self._settings, self._declare, self._encrypt = settings, declare, encrypt

    def kit(self, host: str, id_: str) -> Kit:
        """Make a credential for a host; nobody knows of it yet."""
        key = secrets.token_bytes(KEY_BYTES)
        user = f"host-{host[:8]}-{id_[-12:]}" if self._settings.management else None
        return Kit(id_, user, secrets.token_urlsafe(24), key, self._encrypt(key).decode())

    def open(self, host: str, kit: Kit) -> None:
        """Let a host in: its queue and its user are there afterwards.

        :raises BusUnavailable: the broker is away, or its management API.
        """
        self._declare(host)
        if kit.user:
            self.broker.let_in(host, kit.user, kit.password)

    def close(self, kit: Kit) -> None:
        """Take back what ``open`` made for a credential; its host's queue may be another one's too.

        :raises BusUnavailable: the management API is away; what is left there is a user whose password nobody knows.
        """
        if kit.user:
            self.broker.shut_out(kit.user)

    def settings(self, host: str, name: str, kit: Kit) -> str:
        """Write the agent's settings file."""
        lines = [
            "[bus]",
            f"url = {self._url(kit)}",
            *(["# tls_ca = /etc/toft/ca.pem"] if self._settings.url.startswith("amqps:") else []),
            "",
            "[agent]",
            f"host_id = {host}",
            f"name = {name}",
            f"keys = {kit.id}:{kit.key.hex()}",
        ]
        return "\n".join(lines) + "\n"

    def _url(self, kit: Kit) -> str:
        mine = urlsplit(self._settings.url)
        address = self._settings.agents or f"{mine.hostname or ''}{f':{mine.port}' if mine.port else ''}"
        entry = f"{quote(kit.user)}:{quote(kit.password)}" if kit.user else mine.netloc.rpartition("@")[0]
        return urlunsplit(mine._replace(netloc=f"{entry}@{address}" if entry else address))
