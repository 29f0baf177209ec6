"""The HTTP server over a real socket: what it lets in before the application is called, and what it refuses unread."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from common import errors, settings
from controller.api.server import ApiServer
from tests.services.ports import free_ports

SMALL, LARGE = 1000, 100_000
TOKEN = "ours"
UPLOAD = "/image/v2/images/1/file"


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer with the number of bytes that came."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(body)).encode()]


def chosen(listen: str = "127.0.0.1") -> settings.Settings:
    api = settings.Api(listen=listen, port=free_ports(1)[0], threads=2, max_body=SMALL)
    return settings.Settings(api=api, images=settings.Images(max_bytes=LARGE))


@pytest.fixture(params=["127.0.0.1", "localhost"])
def address(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """A server that runs: on one address, and on all that a name stands for."""
    made = chosen(request.param)
    server = ApiServer(application, made, lambda token: token == TOKEN)
    server.start()
    yield made.api.listen, made.api.port
    server.stop()


def ask(address: tuple[str, int], method: str, path: str, *headers: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request as written here; gives the answer's status and body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: cloud", "Connection: close", *headers, "", ""]
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode() + body)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    head, _, said = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), said


def sized(size: int) -> str:
    return f"Content-Length: {size}"


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def test_a_body_within_its_limit_reaches_the_application(address: tuple[str, int]) -> None:
    assert ask(address, "GET", "/") == (200, b"0")
    assert ask(address, "POST", "/compute", sized(SMALL), body=b"x" * SMALL) == (200, b"%d" % SMALL)
    assert ask(address, "POST", "/compute", "Transfer-Encoding: chunked", body=chunks(b"a", b"bc")) == (200, b"3")


def test_a_larger_one_is_refused_before_it_is_read(address: tuple[str, int]) -> None:
    status, _ = ask(address, "POST", "/compute", sized(SMALL + 1000), f"X-Auth-Token: {TOKEN}")
    assert status == 413


@pytest.mark.parametrize("headers", [(), ("X-Auth-Token: forged",)])
def test_an_upload_without_a_token_of_ours_has_the_small_limit(
    address: tuple[str, int], headers: tuple[str, ...]
) -> None:
    status, _ = ask(address, "PUT", UPLOAD, sized(LARGE), *headers)
    assert status == 413


def test_an_upload_with_one_has_the_large_limit(address: tuple[str, int]) -> None:
    token = f"X-Auth-Token: {TOKEN}"
    assert ask(address, "PUT", UPLOAD, token, sized(LARGE), body=b"x" * LARGE) == (200, b"%d" % LARGE)
    status, _ = ask(address, "PUT", UPLOAD, token, sized(LARGE + 1000))
    assert status == 413
    status, _ = ask(address, "PUT", "/image/v2/elsewhere", token, sized(LARGE))
    assert status == 413


def test_chunks_are_counted_as_they_come(address: tuple[str, int]) -> None:
    chunked, token = "Transfer-Encoding: chunked", f"X-Auth-Token: {TOKEN}"
    body = chunks(*[b"x" * 500] * 10)
    assert ask(address, "PUT", UPLOAD, chunked, token, body=body) == (200, b"5000")
    status, _ = ask(address, "PUT", UPLOAD, chunked, body=body)
    assert status == 413


def test_an_address_that_is_taken_is_a_conflict() -> None:
    made = chosen()
    says = f"127.0.0.1:{made.api.port} cannot be listened on .*OS_API__PORT"
    with socket.create_server((made.api.listen, made.api.port)), pytest.raises(errors.Conflict, match=says):
        ApiServer(application, made, lambda token: False)
    ApiServer(application, made, lambda token: False).stop()


def test_the_end_waits_for_what_is_being_answered_but_not_for_clients_that_stay() -> None:
    made, asked, ending = chosen(), threading.Event(), threading.Event()

    def slow(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        asked.set()
        ending.wait()
        return application(environ, start_response)

    server = ApiServer(slow, made, lambda token: False)
    server.start()
    with (
        socket.create_connection((made.api.listen, made.api.port), timeout=30) as staying,
        ThreadPoolExecutor() as pool,
    ):
        answer = pool.submit(ask, (made.api.listen, made.api.port), "GET", "/")
        assert asked.wait(30)
        stopped = pool.submit(server.stop)
        ending.set()
        assert answer.result() == (200, b"0")
        stopped.result()
        assert staying.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((made.api.listen, made.api.port))
