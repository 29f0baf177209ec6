"""RabbitMQ's management API: each host is a user of the broker's, with the rights it needs and no other.

configure  nothing
write      the exchange of reports, under the host's own keys
read       the host's own queue
"""

import base64
import http.client
import json
import re
import ssl
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from common import errors
from common.bus import names
from common.bus.contract import REPORTS
from common.settings import Bus

SECONDS = 10.0
NOTHING = "^$"


class Broker(Protocol):
    """Who may enter the broker. Each call may be made again."""

    def let_in(self, host: str, user: str, password: str) -> None:
        """Make a host's user."""
        ...

    def shut_out(self, user: str) -> None:
        """Remove a user, and end its connections."""
        ...

    def mute(self, host: str, user: str) -> None:
        """Take a user's right to write, and end its connections: it may read on."""
        ...

    def unmute(self, host: str, user: str) -> None:
        """Give it back."""
        ...

    def forget(self, host: str) -> None:
        """Remove a host's queue."""
        ...


class Management:
    """The broker, over its management API. Each call is one short connection.

    :raises SettingsError: ``[bus] management`` is no URL of one.
    """

    def __init__(self, settings: Bus) -> None:
        where = urlsplit(settings.management)
        if where.scheme not in ("http", "https") or not where.hostname or not where.username:
            raise errors.SettingsError("[bus] management must be http(s)://user:password@host:port")
        secret = f"{where.username}:{where.password or ''}".encode()
        self._headers = {
            "Authorization": f"Basic {base64.b64encode(secret).decode()}",
            "Content-Type": "application/json",
        }
        self._connect = _connector(where.scheme, where.hostname, where.port, settings.tls_ca)
        self._vhost = vhost(settings.url)

    def let_in(self, host: str, user: str, password: str) -> None:
        """Make a host's user.

        :raises BusUnavailable: the management API is away or refuses; says which.
        """
        self._call("PUT", ("users", user), {"password": password, "tags": ""})
        topic = f"^host\\.{re.escape(host)}\\..*$"
        body = {"exchange": REPORTS, "write": topic, "read": NOTHING}
        self._call("PUT", ("topic-permissions", self._vhost, user), body)
        self.unmute(host, user)

    def shut_out(self, user: str) -> None:
        """Remove a user, and end its connections; one that is not there is harmless."""
        self._call("DELETE", ("users", user), missing=True)
        self._hang_up(user)

    def mute(self, host: str, user: str) -> None:
        """Take a user's right to write, and end its connections: it may read on."""
        self._permit(host, user, write=NOTHING)
        self._hang_up(user)

    def unmute(self, host: str, user: str) -> None:
        """Give it back."""
        self._permit(host, user, write=f"^{re.escape(REPORTS)}$")

    def forget(self, host: str) -> None:
        """Remove a host's queue, and what waits there."""
        self._call("DELETE", ("queues", self._vhost, names.command_queue(host)), missing=True)

    def _permit(self, host: str, user: str, write: str) -> None:
        read = f"^{re.escape(names.command_queue(host))}$"
        self._call("PUT", ("permissions", self._vhost, user), {"configure": NOTHING, "write": write, "read": read})

    def _hang_up(self, user: str) -> None:
        for connection in self._call("GET", ("connections",)):
            if connection.get("user") == user:
                self._call("DELETE", ("connections", connection["name"]), missing=True)

    def _call(self, method: str, path: tuple[str, ...], body: Any = None, missing: bool = False) -> Any:
        """Make one call.

        :param missing: that it is not there is as good.
        :raises BusUnavailable: it could not be made, or was refused.
        """
        address = "/api/" + "/".join(quote(part, safe="") for part in path)
        connection = self._connect()
        try:
            connection.request(method, address, None if body is None else json.dumps(body), self._headers)
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise errors.BusUnavailable(f"the broker's management API is away: {error}") from error
        finally:
            connection.close()
        if answer.status >= 400 and not (missing and answer.status == 404):
            raise errors.BusUnavailable(f"the broker's management API refuses {method} {path[0]}: {answer.status}")
        return json.loads(said) if method == "GET" else None


def _connector(scheme: str, host: str, port: int | None, ca: str) -> Callable[[], http.client.HTTPConnection]:
    if scheme == "http":
        return lambda: http.client.HTTPConnection(host, port or 15672, timeout=SECONDS)
    trusted = ssl.create_default_context(cafile=ca or None)
    return lambda: http.client.HTTPSConnection(host, port or 15671, timeout=SECONDS, context=trusted)


def vhost(url: str) -> str:
    """Give the virtual host that a broker's URL names, as py-amqp reads it: ``/`` unless told otherwise."""
    return urlsplit(url).path[1:] or "/"


class NoManagement:
    """A broker whose users nobody manages here: hosts share one, and only their keys tell them apart."""

    def let_in(self, host: str, user: str, password: str) -> None:
        """Do nothing: all enter as the same user."""

    def shut_out(self, user: str) -> None:
        """Do nothing."""

    def mute(self, host: str, user: str) -> None:
        """Do nothing: what is too much is dropped unread."""

    def unmute(self, host: str, user: str) -> None:
        """Do nothing."""

    def forget(self, host: str) -> None:
        """Leave the queue: nobody reads it."""


def broker(settings: Bus) -> Broker:
    """Give the broker that the settings name.

    :raises SettingsError: ``[bus] management`` is no URL of one.
    """
    return Management(settings) if settings.management else NoManagement()
