import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class ImageServer:
    """Serves bytes, and misbehaves when told to: each planned answer is used up by one request."""

    def __init__(self) -> None:
        self.content = b""
        self.plan: list[str] = []
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                getattr(self, outer.plan.pop(0) if outer.plan else "whole")()

            def whole(self, data: bytes | None = None, length: int | None = None) -> None:
                data = outer.content if data is None else data
                self.send_response(200)
                if length != -1:
                    self.send_header("Content-Length", str(len(outer.content) if length is None else length))
                self.end_headers()
                self.wfile.write(data)

            def half(self) -> None:
                self.whole(outer.content[: len(outer.content) // 2])

            def endless(self) -> None:
                self.whole(outer.content * 3, -1)

            def longer(self) -> None:
                self.whole(outer.content * 2, len(outer.content) * 2)

            def other(self) -> None:
                self.whole(outer.content[::-1])

            def broken(self) -> None:
                self.send_error(503)

            def forbidden(self) -> None:
                self.send_error(403)

            def moved(self) -> None:
                self.send_response(302)
                self.send_header("Location", outer.url)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/image?signature=x"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def image_server() -> Iterator[ImageServer]:
    server = ImageServer()
    yield server
    server.stop()
