"""One AMQP connection with one channel, opened when it is needed and again after it was lost."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from amqp.exceptions import AMQPError
from kombu.connection import Connection
from tenacity import RetryCallState, Retrying
from tenacity.wait import wait_random_exponential

from common import errors
from common.settings import Bus as BusSettings

BROKEN = (AMQPError, OSError)
"""What the library raises when a connection or channel is lost, refused or misused."""

PAUSE = wait_random_exponential(multiplier=0.25, max=15)
"""Seconds before the next try, with full jitter: after a broker's restart not all hosts come at once."""

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
LONGEST_WAIT = 1.0
"""Seconds that one wait for a frame may take at most."""

WAITS_PER_HEARTBEAT = 4
"""py-amqp beats at every second look only, and a broker's heartbeat makes its wait begin anew."""


class Link:
    """Holds the connection. Not shared between threads.

    ``user`` is who enters by the URL; empty where a certificate says it.

    :param on_open: prepares each new channel (confirms, prefetch, consumers).
    """

    def __init__(self, settings: BusSettings, on_open: Callable[[Any], None]) -> None:
        self._settings = settings
        self._longest_wait = min(LONGEST_WAIT, settings.heartbeat / WAITS_PER_HEARTBEAT)
        self.user: str = Connection(settings.url).userid or ""
        self._on_open = on_open
        self._connection: Any = None
        self._channel: Any = None
        self._closed = False
        self._tries = _no_tries()
        self._not_before = 0.0
        self.generation = 0
        self.blocked = False

    @property
    def is_open(self) -> bool:
        """Say whether there is a connection, as far as is known."""
        return self._connection is not None

    def channel(self, timeout: float) -> Any:
        """Give the channel; without a connection, make one, after the pause that the last failures ask for.

        :raises BusUnavailable: the broker is away, or the pause is longer than ``timeout`` seconds.
        """
        if self._closed:
            raise errors.BusUnavailable("this connection to the broker was closed")
        if not self.is_open:
            self._sit_out_pause(timeout)
            self._open()
        return self._channel

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Drop the connection if what is done inside breaks it.

        :raises BusUnavailable: instead of the library's errors.
        """
        try:
            yield
        except BROKEN as error:
            self.drop()
            raise errors.BusUnavailable(f"the broker is away: {_reason(error)}") from error

    def wait(self, timeout: float) -> bool:
        """Let a frame in, act on it and keep the heartbeat up; False if none came.

        Waits up to ``timeout`` seconds, but not longer than a heartbeat allows: look at the clock and call again.
        """
        self._connection.heartbeat_tick()
        try:
            self._connection.drain_events(timeout=min(timeout, self._longest_wait))
        except TimeoutError:
            return False
        return True

    def drop(self) -> None:
        """Forget the connection without a word: the broker takes what was not acked for undelivered."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.collect()

    def close(self) -> None:
        """Say goodbye, so that acks under way arrive, but wait no longer than for a new connection."""
        self._closed = True
        if self._connection is not None:
            with suppress(*BROKEN):
                self._connection.sock.settimeout(CONNECT_SECONDS)
                self._connection.close()
        self.drop()

    def _open(self) -> None:
        try:
            with self.guarded():
                self._connection = self._connect()
                self._channel = self._connection.channel()
                self.generation += 1
                self._on_open(self._channel)
        except errors.BusUnavailable:
            self._not_before = time.monotonic() + PAUSE(self._tries)
            self._tries.attempt_number += 1
            raise
        self._tries = _no_tries()

    def _connect(self) -> Any:
        self.blocked = False
        options = {
            "read_timeout": READ_SECONDS,
            "write_timeout": READ_SECONDS,
            "on_blocked": lambda reason: self._set_blocked(True),
            "on_unblocked": lambda: self._set_blocked(False),
        }
        address = Connection(
            self._settings.url,
            heartbeat=self._settings.heartbeat,
            connect_timeout=CONNECT_SECONDS,
            transport_options=options,
            ssl=tls(self._settings),
        )
        return address.transport.establish_connection()

    def _set_blocked(self, blocked: bool) -> None:
        self.blocked = blocked

    def _sit_out_pause(self, timeout: float) -> None:
        pause = self._not_before - time.monotonic()
        if pause > 0:
            time.sleep(min(pause, max(timeout, 0.0)))
        if pause > timeout:
            raise errors.BusUnavailable(f"the broker is away; the next try is in {pause - timeout:.1f} s")


def tls(settings: BusSettings) -> dict[str, Any] | bool:
    """Give how an ``amqps://`` connection is made: the broker's certificate must be its host's, of a CA that we trust.

    :returns: False for a plain connection.
    """
    if not settings.url.startswith("amqps://"):
        return False
    made: dict[str, Any] = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": Connection(settings.url).hostname}
    files = {"ca_certs": settings.tls_ca, "certfile": settings.tls_cert, "keyfile": settings.tls_key}
    return made | {name: path for name, path in files.items() if path}


def _no_tries() -> RetryCallState:
    return RetryCallState(Retrying(), None, (), {})


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
