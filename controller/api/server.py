"""The HTTP server: waitress in threads of this process.

It takes a request's body before the application is called. So the limit on bodies is set here, as soon as the headers
are read: small for all, large only for an upload that comes with a token of ours.
"""

import copy
import threading
from collections.abc import Callable
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server

from common.settings import Settings

BACKLOG = 256

IsToken = Callable[[str], bool]
"""Says whether a text is a token that we gave and that is not over yet; asks no database."""


class ApiServer:
    """Serves a WSGI application on the address that the settings name."""

    def __init__(self, app: Any, settings: Settings, is_token: IsToken) -> None:
        sockets: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=sockets,
            host=settings.api.listen,
            port=settings.api.port,
            threads=settings.api.threads,
            backlog=BACKLOG,
            connection_limit=1000,
            max_request_body_size=settings.images.max_bytes + 1,
            expose_tracebacks=False,
            ident="toft",
            clear_untrusted_proxy_headers=True,
        )
        channel = _channel(settings.api.max_body, is_token)
        for each in sockets.values():  # a name may stand for several addresses, each with a socket
            if hasattr(each, "channel_class"):
                each.channel_class = channel
        self._thread = threading.Thread(target=self._server.run, name="api", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop to answer; what is being answered has a few seconds."""
        self._server.close()
        self._server.task_dispatcher.shutdown(timeout=5)


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
