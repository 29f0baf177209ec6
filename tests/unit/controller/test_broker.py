"""What the management API is asked, and how its troubles are told; the rights themselves are tried on a real broker."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from common import errors
from common.settings import Bus
from controller.broker import Management, NoManagement, broker, vhost


class Desk(BaseHTTPRequestHandler):
    """Notes what is asked, and answers as it is told."""

    asked: ClassVar[list[tuple[str, str, Any]]] = []
    answers: ClassVar[dict[str, tuple[int, bytes]]] = {}

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.path, json.loads(body) if body else None))
        status, said = self.answers.get(self.path, (204 if self.command != "GET" else 200, b"[]"))
        self.send_response(status)
        self.send_header("Content-Length", "0" if status == 204 else str(len(said)))
        self.end_headers()
        if status != 204:
            self.wfile.write(said)

    do_GET = do_PUT = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def desk() -> Iterator[tuple[type[Desk], Management]]:
    Desk.asked.clear()
    Desk.answers.clear()
    server = HTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://guest:guest@127.0.0.1:{server.server_port}"
        yield Desk, Management(Bus(url="amqp://a:b@c/toft", management=url))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_user_is_given_its_rights_and_no_other(desk: tuple[type[Desk], Management]) -> None:
    asked, management = desk
    management.let_in("h-1", "host-h", "secret")
    assert asked.asked == [
        ("PUT", "/api/users/host-h", {"password": "secret", "tags": ""}),
        (
            "PUT",
            "/api/topic-permissions/toft/host-h",
            {"exchange": "toft.up", "write": r"^host\.h\-1\..*$", "read": "^$"},
        ),
        (
            "PUT",
            "/api/permissions/toft/host-h",
            {"configure": "^$", "write": r"^toft\.up$", "read": r"^cmd\.h\-1$"},
        ),
    ]


def test_who_is_muted_or_shut_out_is_cut_off(desk: tuple[type[Desk], Management]) -> None:
    asked, management = desk
    known = [{"user": "host-h", "name": "1.2.3.4:5 -> x"}, {"user": "other", "name": "y"}, {"name": "starting"}]
    asked.answers["/api/connections"] = (200, json.dumps(known).encode())
    management.mute("h-1", "host-h")
    assert asked.asked[0][2]["write"] == "^$"
    assert [(method, path) for method, path, _ in asked.asked[1:]] == [
        ("GET", "/api/connections"),
        ("DELETE", "/api/connections/1.2.3.4%3A5%20-%3E%20x"),
    ]
    asked.asked.clear()
    asked.answers["/api/users/host-h"] = (404, b"{}")
    management.shut_out("host-h")
    assert asked.asked[0][:2] == ("DELETE", "/api/users/host-h")
    management.forget("h-1")
    assert asked.asked[-1][:2] == ("DELETE", "/api/queues/toft/cmd.h-1")


def test_a_refusal_and_an_absence_are_told(desk: tuple[type[Desk], Management]) -> None:
    asked, management = desk
    asked.answers["/api/users/u"] = (401, b"{}")
    with pytest.raises(errors.BusUnavailable, match="refuses PUT users: 401"):
        management.let_in("h", "u", "p")
    with pytest.raises(errors.BusUnavailable, match="management API is away"):
        Management(Bus(management="http://a:b@127.0.0.1:1")).shut_out("u")


@pytest.mark.parametrize("url", ["ftp://a:b@c", "http://host", "https://:x@host", "nonsense"])
def test_a_management_url_that_is_none_keeps_the_controller_from_starting(url: str) -> None:
    with pytest.raises(errors.SettingsError, match="management must be"):
        broker(Bus(management=url))


def test_https_trusts_the_cas_of_the_settings() -> None:
    with pytest.raises(FileNotFoundError):
        broker(Bus(management="https://a:b@c", tls_ca="/nonexistent"))
    with pytest.raises(errors.BusUnavailable, match="away"):
        broker(Bus(management="https://a:b@127.0.0.1:1")).shut_out("u")


def test_without_management_nothing_is_asked() -> None:
    none = broker(Bus())
    assert isinstance(none, NoManagement)
    none.let_in("h", "u", "p")
    none.mute("h", "u")
    none.unmute("h", "u")
    none.shut_out("u")
    none.forget("h")


@pytest.mark.parametrize(
    ("url", "name"), [("amqp://h/", "/"), ("amqp://h//", "/"), ("amqp://h", "/"), ("amqp://h/a", "a")]
)
def test_the_virtual_host_is_the_urls(url: str, name: str) -> None:
    assert vhost(url) == name
