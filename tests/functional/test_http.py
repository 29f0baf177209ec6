"""Malformed and hostile requests through the real HTTP server: each is refused in words, none breaks anything."""

import dataclasses
import json
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from common import settings
from controller.api import app
from controller.api.server import ApiServer
from controller.writer.answers import Answers
from controller.writer.group import GroupWriter
from tests.services.api import api
from tests.services.compute import Compute, compute
from tests.services.ports import free_ports

SERVERS, IMAGES, KEYPAIRS = "/compute/v2.1/servers", "/image/v2/images", "/compute/v2.1/os-keypairs"
TOKENS, NETWORKS = "/identity/v3/auth/tokens", "/network/v2.0/networks"
JSON = "Content-Type: application/json"
MAX_BODY, MAX_DEPTH, MAX_HEADERS = 5000, 32, 262144
LOGIN = b'{"auth": {"identity": {"methods": ["token"], "token": {"id": "@"}}}}'
CANNOT_BE_KEPT = [rb"\ud800", rb"\udfff\ud800", rb"\u0000", b"\xff", b"\xed\xa0\x80", b"\xc0\x80"]
"""Lone surrogates, U+0000 and bytes that are no UTF-8, as a body may have them."""


@dataclass
class Reply:
    """What came over the socket."""

    status: int
    headers: list[bytes]
    body: bytes


@dataclass
class Socket:
    """A served cloud, and a way to send it any bytes."""

    cloud: Compute
    address: tuple[str, int]
    token: str

    def send(self, raw: bytes) -> Reply:
        """Send bytes; gives all that comes back."""
        with socket.create_connection(self.address, timeout=30) as connection:
            connection.sendall(raw)
            answer = b""
            while more := connection.recv(65536):
                answer += more
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *headers = head.split(b"\r\n")
        return Reply(int(first.split()[1]), headers, body)

    def ask(self, method: str, path: str | bytes, *headers: str | bytes, body: bytes = b"") -> Reply:
        """Send a request with a token, as written here."""
        sized = [f"Content-Length: {len(body)}"] if body else []
        lines = [b" ".join([method.encode(), _bytes(path), b"HTTP/1.1"]), b"Host: cloud", b"Connection: close"]
        lines += [_bytes(header) for header in (f"X-Auth-Token: {self.token}", *headers, *sized)]
        return self.send(b"\r\n".join([*lines, b"", body]))


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


@pytest.fixture(scope="module")
def served(stores, tmp_path_factory) -> Iterator[Socket]:
    folder: Path = tmp_path_factory.mktemp("http")
    port = free_ports(1)[0]
    chosen = settings.Settings(
        api=settings.Api(url="http://cloud.test", port=port, threads=2, max_body=MAX_BODY, max_depth=MAX_DEPTH)
    )
    with stores.sqlite(folder) as store:
        made = api(store, folder, chosen)
        sealed = made.services.secrets.answers
        writer = GroupWriter(store, made.services.world, Answers(sealed.encrypt, sealed.decrypt))
        made.services = dataclasses.replace(made.services, writer=writer)
        made.app = app.make(made.services)
        cloud = compute(made)
        server = ApiServer(made.app, chosen, lambda token: True)
        server.start()
        yield Socket(cloud, (chosen.api.listen, port), made.login("demo"))
        server.stop()


@pytest.fixture(autouse=True)
def nothing_breaks(caplog) -> Iterator[None]:
    """See to it that no request ends in an error of ours: those are logged, refusals are not."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def spec(cloud: Compute, **fields: object) -> bytes:
    base = {"name": "vm", "imageRef": cloud.image, "flavorRef": cloud.flavor}
    return json.dumps({"server": base | fields}).encode()


def test_a_good_request_is_answered(served):
    made = served.ask("POST", SERVERS, JSON, body=spec(served.cloud))
    assert made.status == 202
    assert any(header.lower().startswith(b"x-openstack-request-id: req-") for header in made.headers)


def test_bodies_are_bounded_in_size_and_depth(served):
    whole = spec(served.cloud)
    assert served.ask("POST", SERVERS, JSON, body=whole.ljust(MAX_BODY)).status == 202
    assert served.ask("POST", SERVERS, JSON, body=whole.ljust(MAX_BODY + 1)).status == 413
    assert served.ask("POST", SERVERS, JSON, f"Content-Length: {MAX_BODY * 20}").status == 413
    for deep in (b"[" * MAX_BODY, b'{"a":' * (MAX_BODY // 5), b'"' + b"[" * 4000, b'"\\' + b"[" * 4000):
        refused = served.ask("POST", SERVERS, JSON, body=deep)
        assert (refused.status, b"levels deep" in refused.body) == (400, True)


@pytest.mark.parametrize("raw", CANNOT_BE_KEPT)
def test_bodies_with_characters_that_cannot_be_kept_are_refused(served, raw):
    for body in (spec(served.cloud, metadata={"k": "@"}), spec(served.cloud, metadata={"@": "v"})):
        assert served.ask("POST", SERVERS, JSON, body=body.replace(b"@", raw)).status == 400
    assert served.ask("POST", TOKENS, JSON, body=LOGIN.replace(b"@", raw)).status == 400
    assert served.ask("POST", NETWORKS, JSON, body=b'{"network": {"name": "@"}}'.replace(b"@", raw)).status == 400


@pytest.mark.parametrize("text", ["%00", "%ff", "%ed%a0%80", "%c0%80"])
def test_queries_and_paths_with_them_too(served, text):
    for path in (SERVERS, IMAGES, NETWORKS, KEYPAIRS):
        assert served.ask("GET", f"{path}?name={text}").status == 400
        assert served.ask("GET", f"{path}?{text}=x").status == 400
        assert served.ask("GET", f"{path}/{text}").status in (400, 404)


@pytest.mark.parametrize("raw", [b"\xff", b"\xed\xa0\x80", b"\xc3\xa9", b"\x01"])
def test_bytes_that_no_url_has_are_refused_or_find_nothing(served, raw):
    for path in (b"/" + raw, _bytes(SERVERS) + b"/" + raw, _bytes(SERVERS) + b"?name=" + raw):
        answer = served.ask("GET", path)
        assert answer.status in (400, 404) or answer.body == b'{"servers":[]}'


@pytest.mark.parametrize(
    "name",
    [
        "X-Auth-Token",
        "X-Subject-Token",
        "Idempotency-Key",
        "OpenStack-API-Version",
        "X-OpenStack-Nova-API-Version",
        "X-Openstack-Request-Id",
        "Content-Type",
        "Content-Length",
        "Accept",
        "Expect",
        "Range",
        "X-Forwarded-Proto",
    ],
)
@pytest.mark.parametrize("value", [b"\xff", b"\xed\xa0\x80", b"a\x00b", b"\x01", b"compute", b"-1", b"9" * 300, b""])
def test_no_header_breaks_anything(served, name, value):
    header = name.encode() + b": " + value
    for answer in (
        served.ask("PUT", f"{SERVERS}/nope", JSON, header, body=b'{"server": {"name": "x"}}'),
        served.ask("GET", TOKENS, header),
        served.ask("POST", TOKENS, JSON, header, body=LOGIN),
    ):
        assert answer.status in (400, 401, 404, 406, 413, 415)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jsonp", "garbage"]
)
def test_bodies_that_say_to_be_something_else_are_refused(served, kind):
    refused = served.ask("POST", SERVERS, f"Content-Type: {kind}", body=spec(served.cloud))
    assert (refused.status, list(json.loads(refused.body))) == (415, ["badMediaType"])


@pytest.mark.parametrize(
    "headers", [(), ("Content-Type: application/json; charset=UTF-8",), ("Content-Type: Application/JSON",)]
)
def test_bodies_that_say_to_be_json_or_nothing_are_read(served, headers):
    assert served.ask("POST", SERVERS, *headers, body=spec(served.cloud)).status == 202


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_json_is_utf_8(served, encoding):
    assert served.ask("POST", SERVERS, JSON, body=spec(served.cloud).decode().encode(encoding)).status == 400


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "9" * 1000, "-1", "1.5"])
def test_numbers_that_cannot_be_meant_are_refused(served, number):
    body = spec(served.cloud, min_count="@").replace(b'"@"', number.encode())
    assert served.ask("POST", SERVERS, JSON, body=body).status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", SERVERS, 405),
        ("HEAD", "/nothing", 404),
        ("OPTIONS", SERVERS, 200),
        ("OPTIONS", "/nothing", 404),
        ("TRACE", SERVERS, 405),
        ("PATCH", NETWORKS, 405),
        ("PUT", "/", 405),
        ("CONNECT", "cloud:80", 404),
        ("PROPFIND", IMAGES, 405),
        ("FOO", SERVERS, 405),
        ("FOO", "/nothing", 405),
        ("get", SERVERS, 400),
        ("GET", "*", 404),
        ("GET", f"/{SERVERS}", 200),
        ("GET", SERVERS.replace("/v2.1", "//v2.1"), 404),
        ("GET", f"{SERVERS}/", 200),
        ("GET", f"{SERVERS}//", 404),
        ("GET", f"http://elsewhere{SERVERS}", 200),
        ("GET", "/compute/../identity", 404),
        ("GET", f"{SERVERS};x=1", 404),
        ("GET", "/" + "a" * 8000, 404),
        ("GET", f"{SERVERS}/%0d%0aX-Evil:%201", 404),
    ],
    ids=lambda value: str(value)[:40],
)
def test_methods_and_addresses(served, method, path, status):
    answer = served.ask(method, path)
    assert answer.status == status
    assert answer.body == b"" or method != "HEAD"
    assert not any(header.startswith(b"X-Evil") for header in answer.headers)


def test_headers_are_bounded(served):
    for more, status in ((-1, 404), (0, 431)):
        around = len(f"GET / HTTP/1.1\r\nHost: cloud\r\nConnection: close\r\nX-Auth-Token: {served.token}\r\n\r\n")
        assert served.ask("GET", "/" + "a" * (MAX_HEADERS - around + more)).status == status


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: abc",),
        ("Content-Length: -5",),
        ("Content-Length: 5", "Content-Length: 6"),
        ("X-A : b",),
        ("no colon",),
        ("X-A: b\rX-B: c",),
    ],
)
def test_requests_that_are_no_http_are_refused(served, headers):
    assert served.ask("GET", SERVERS, *headers).status == 400


def test_an_idempotency_key_is_for_one_request(served):
    key = "Idempotency-Key: once"
    first = served.ask("POST", SERVERS, JSON, key, body=spec(served.cloud, name="once"))
    assert first.status == 202
    assert served.ask("POST", SERVERS, JSON, key, body=spec(served.cloud, name="once")).body == first.body
    assert served.ask("POST", SERVERS, JSON, key, body=spec(served.cloud, name="other")).status == 409
    assert served.ask("POST", f"{SERVERS}?x=1", JSON, key, body=spec(served.cloud, name="once")).status == 409
    for bad in ("k" * 256, ""):
        assert served.ask("POST", SERVERS, JSON, f"Idempotency-Key: {bad}", body=spec(served.cloud)).status == 400


@pytest.mark.parametrize(
    "query",
    [
        "changes-since=9999-12-31T23:59:59-23:59",
        "changes-since=0001-01-01T00:00:00%2B23:59",
        "changes-since=0000-01-01",
        "limit=-1",
        "limit=1.5",
        "limit=99999999999999999999",
        "marker=",
        "sort_key=%27",
        "sort_dir=up",
        "deleted=x",
    ],
)
def test_queries_that_cannot_be_meant_are_refused(served, query):
    assert served.ask("GET", f"{SERVERS}/detail?{query}").status == 400
