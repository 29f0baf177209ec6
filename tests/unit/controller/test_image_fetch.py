"""Fetching a file from another controller: whole, or an error of ours."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from common import errors
from controller.image_fetch import fetch

DATA = b"an image" * 1000


class Holder(BaseHTTPRequestHandler):
    """Another controller: gives the file whole or half, or says no."""

    def do_GET(self) -> None:
        if self.path.startswith("/gone"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        self.wfile.write(DATA[: len(DATA) // 2] if self.path.startswith("/half") else DATA)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def holder() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Holder)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_gives_the_file_and_its_length(holder: str) -> None:
    file, length = fetch(f"{holder}/file?signature=x")
    with file:
        assert (file.read(), length) == (DATA, len(DATA))


def test_one_that_breaks_off_is_an_error_or_too_short(holder: str) -> None:
    file, length = fetch(f"{holder}/half?x=y")
    with file:
        assert len(file.read()) < length


def test_one_that_was_cut_off_is_ours_to_tell(holder: str) -> None:
    file, _ = fetch(f"{holder}/file?x=y")
    file.raw._response.readinto = _broken  # type: ignore[attr-defined]
    with file, pytest.raises(errors.Unavailable, match="broke off"):
        file.read()


def _broken(_buffer: object) -> int:
    raise ConnectionResetError("cut")


@pytest.mark.parametrize("place", ["gone", "nobody"])
def test_one_that_does_not_give_it_is_unavailable(holder: str, place: str) -> None:
    url = f"{holder}/gone?x=y" if place == "gone" else "https://127.0.0.1:1/file?x=y"
    with pytest.raises(errors.Unavailable, match="does not give the image"):
        fetch(url)
