"""The HTTP server: waitress in threads of this process.

It takes a request's body before the application is called. So the limit on bodies is set here, as soon as the headers
are read: small for all, large only for an upload that comes with a token of ours.
"""

import copy
import threading
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.trigger import trigger

from common import errors
from common.settings import Settings

BACKLOG, CONNECTIONS = 256, 1000
ANSWER = 16 * 2**20
"""Bytes of an answer that wait for their client in memory; more goes to a file, and a list of servers feels it."""

GRACE = 5.0
"""Seconds that requests have to end in."""

IsToken = Callable[[str], bool]
"""Says whether a text is a token that we gave and that is not over yet; asks no database."""


class ApiServer:
    """Serves a WSGI application on the address that the settings name.

    :raises Conflict: something else listens there, or there is no such address here.
    """

    def __init__(self, app: Any, settings: Settings, is_token: IsToken) -> None:
        self._sockets: dict[Any, Any] = {}
        self._dispatcher = self._listen(app, settings).task_dispatcher
        channel = _channel(settings.api.max_body, is_token)
        for each in self._sockets.values():  # a name may stand for several addresses, each with a socket
            if hasattr(each, "channel_class"):
                each.channel_class = channel
        self._waker, self._ending = trigger(self._sockets), threading.Event()
        self._thread = threading.Thread(target=self._run, name="api", daemon=True)

    def _listen(self, app: Any, settings: Settings) -> Any:
        try:
            return create_server(
                app,
                map=self._sockets,
                host=settings.api.listen,
                port=settings.api.port,
                threads=settings.api.threads,
                backlog=BACKLOG,
                connection_limit=CONNECTIONS,
                outbuf_overflow=ANSWER,
                max_request_body_size=settings.images.max_bytes + 1,
                expose_tracebacks=False,
                ident="toft",
                clear_untrusted_proxy_headers=True,
            )
        except OSError as error:
            wasyncore.close_all(self._sockets)
            raise errors.Conflict(
                f"{settings.api.listen}:{settings.api.port} cannot be listened on ({error.strerror}); "
                "stop what does, or set OS_API__PORT"
            ) from error

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop to answer; what is being answered has a few seconds."""
        self._dispatcher.shutdown(timeout=GRACE)
        self._ending.set()
        if self._thread.is_alive():
            self._waker.pull_trigger()
            self._thread.join()
        wasyncore.close_all(self._sockets)

    def _run(self) -> None:
        """Move bytes. Waitress' own loop would have its sockets closed under it, and cannot end while a client stays.

        It polls: select() knows no descriptor above 1023.
        """
        while not self._ending.is_set():
            wasyncore.loop(timeout=1.0, use_poll=True, map=self._sockets, count=1)
        wasyncore.loop(timeout=0.0, use_poll=True, map=self._sockets, count=1)  # the last answers


def _channel(max_body: int, is_token: IsToken) -> type[HTTPChannel]:
    """Make the class of connections whose requests are bounded by ``max_body``, but for uploads."""

    class Parser(HTTPRequestParser):
        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            read: Any = self  # waitress' stubs know neither its path nor its command's type
            upload = read.command == "PUT" and read.path.startswith("/image/v2/images/")
            if not (upload and is_token(read.headers.get("X_AUTH_TOKEN", ""))):
                self.adj = _bounded(self.adj, max_body + 1)

    class Channel(HTTPChannel):
        parser_class = Parser

    return Channel


def _bounded(adjustments: Adjustments, limit: int) -> Adjustments:
    """Give the adjustments with another limit on bodies."""
    bounded = copy.copy(adjustments)
    bounded.max_request_body_size = limit
    return bounded
