import io

import pytest
import tenacity

from common import errors
from compute_agent.driver.libvirt.storage import fetch


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(tenacity.nap.time, "sleep", lambda seconds: None)


def get(server) -> bytes:
    into = io.BytesIO()
    fetch.fetch((server.url,), into, len(server.content), server.digest)
    return into.getvalue()


def test_gives_what_is_there(image_server):
    image_server.content = b"image" * 1000
    assert get(image_server) == image_server.content


@pytest.mark.parametrize("plan", [["half"], ["broken"], ["broken", "half", "half"]])
def test_tries_again_when_it_breaks_off(image_server, plan):
    image_server.content, image_server.plan = b"image" * 1000, plan
    assert get(image_server) == image_server.content
    assert not image_server.plan


def test_gives_up_after_some_attempts(image_server):
    image_server.content, image_server.plan = b"image", ["broken"] * fetch.ATTEMPTS
    with pytest.raises(errors.HypervisorError, match="answers 503"):
        get(image_server)
    assert image_server.asked == fetch.ATTEMPTS


def test_asks_the_next_one_when_a_controller_is_gone(image_server):
    image_server.content = b"image" * 1000
    into = io.BytesIO()
    fetch.fetch(("http://127.0.0.1:1/x", image_server.url), into, len(image_server.content), image_server.digest)
    assert into.getvalue() == image_server.content


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        ("forbidden", errors.HypervisorError, "answers 403"),
        ("moved", errors.HypervisorError, "answers 302"),
        ("longer", errors.InvalidImage, "has 10 bytes and should have 5"),
        ("endless", errors.InvalidImage, "more than the 5 bytes"),
        ("other", errors.InvalidImage, "has the digest"),
    ],
)
def test_refuses_what_is_wrong_at_once(image_server, answer, kind, says):
    image_server.content, image_server.plan = b"image", [answer]
    with pytest.raises(kind, match=says):
        get(image_server)
    assert image_server.asked == 1


def test_says_when_nobody_is_there(image_server):
    with pytest.raises(errors.HypervisorError, match="cannot be fetched"):
        fetch.fetch(("http://127.0.0.1:1/x",), io.BytesIO(), 1, "0" * 64)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/x", "http:///x", ""])
def test_speaks_http_only(url):
    with pytest.raises(errors.HypervisorError, match="no known kind"):
        fetch.fetch((url,), io.BytesIO(), 1, "0" * 64)


def test_knows_https():
    assert fetch._connect("https://h/x").default_port == 443
