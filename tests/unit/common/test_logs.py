import io
import json
import logging
import re
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import errors, logs
from common.scrub import HIDDEN, is_secret_name, scrub, scrub_value
from common.settings import Logs

SECRET = "hunter2-S3cr3t"


class Captured:
    """A logger whose lines are kept."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.log = logging.Logger("toft.test")
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(logs.LineFormatter())
        self.log.addHandler(handler)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def pairs(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for pair in shlex.split(self.text))


@pytest.fixture
def captured() -> Captured:
    return Captured()


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards."""
    logger = logging.getLogger()
    handlers, level = list(logger.handlers), logger.level
    yield logger
    for handler in set(logger.handlers) - set(handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(level)
    logging.captureWarnings(False)


def test_a_record_is_a_line_of_pairs(captured: Captured) -> None:
    with logs.request("req-1"):
        captured.log.warning("server %s created", "first", extra={"server": "0190", "took": 1.5})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", captured.pairs.pop("time"))
    assert captured.pairs | {"time": ""} == {
        "time": "",
        "level": "WARNING",
        "logger": "toft.test",
        "message": "server first created",
        "server": "0190",
        "took": "1.5",
        "request_id": "req-1",
    }


def test_a_request_id_ends_with_its_block_and_nests() -> None:
    with logs.request("outer"):
        with logs.request("inner"):
            assert logs.current_request() == "inner"
        assert logs.current_request() == "outer"
    assert logs.current_request() == ""


def test_a_request_id_stays_in_its_thread(captured: Captured) -> None:
    with logs.request("mine"):
        thread = threading.Thread(target=captured.log.error, args=("elsewhere",))
        thread.start()
        thread.join()
    assert "request_id" not in captured.pairs


def test_a_request_id_given_with_the_record_wins(captured: Captured) -> None:
    with logs.request("req-1"):
        captured.log.error("x", extra={"request_id": "req-2"})
    assert captured.pairs["request_id"] == "req-2"


@given(st.text(), st.text(min_size=1))
def test_whatever_is_logged_is_one_line(message: str, value: str) -> None:
    captured = Captured()
    captured.log.error("%s", message, extra={"value": value})
    assert captured.text.count("\n") == 1
    assert captured.text.splitlines() == [captured.text[:-1]]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202e]", captured.text)
    captured.text.encode()


def test_an_extra_name_cannot_forge_a_pair(captured: Captured) -> None:
    captured.log.error("x", extra={"a b=c\n": "1"})
    assert " a_b_c_=1" in captured.text


def test_an_error_is_logged_with_its_trace_on_the_same_line(captured: Captured) -> None:
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError:
        captured.log.exception("failed")
    assert captured.text.count("\n") == 1
    assert "ValueError" in captured.text
    assert SECRET not in captured.text


def test_a_record_whose_arguments_do_not_fit_is_still_logged(
    captured: Captured, capsys: pytest.CaptureFixture[str]
) -> None:
    captured.log.error("%d servers", SECRET)
    assert captured.pairs["message"] == "%d servers (its arguments do not fit)"
    assert SECRET not in capsys.readouterr().err


def test_a_long_value_is_cut(captured: Captured) -> None:
    captured.log.error("x" * 10 * logs.LONGEST)
    assert len(captured.text) < logs.LONGEST + 200
    assert "…" in captured.text


HIDDEN_IN_TEXT = [
    f"password={SECRET}",
    f"Password: {SECRET}",
    f'{{"password": "{SECRET}"}}',
    f"{{'admin_password': '{SECRET}', 'name': 'kept'}}",
    f"X-Auth-Token: {SECRET}",
    f"Authorization: Bearer {SECRET}",
    f"authorization=basic {SECRET}",
    f"GET /toft/images/abc?host=kept&signature={SECRET}&expires=1",
    f"key={SECRET}",
    f"api_key={SECRET}",
    f"amqp://toft:{SECRET}@broker:5672/vhost",
    f"postgresql+psycopg://toft:{SECRET}@host/toft",
    f"amqp://toft:p@{SECRET}@broker",
    f"secret = '{SECRET}",
    f'token="a\\"{SECRET}"',
    f"gAAAAABn{SECRET}-and-some-more-of-it==",
    f"$argon2id$v=19$m=65536$x${SECRET}",
    f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\n-----END OPENSSH PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
]


@pytest.mark.parametrize("text", HIDDEN_IN_TEXT)
def test_secrets_in_text_do_not_come_through(text: str, captured: Captured) -> None:
    captured.log.error("said: %s", text, extra={"body": {"deep": [text, (text,)]}, "note": text})
    assert SECRET not in captured.text
    assert HIDDEN in captured.text


SECRET_NAMES = """
    password admin_password password_hash PASSWORD token tokens X-Auth-Token key keys api_key apiKey signing-key
    signature secret privateKey Authorization credentials
"""


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_values_under_a_secrets_name_do_not_come_through(name: str, captured: Captured) -> None:
    assert is_secret_name(name)
    captured.log.error("x", extra={name: SECRET, "body": {name: [SECRET]}})
    assert SECRET not in captured.text
    assert SECRET not in str(scrub_value("body", [{name: SECRET}]))


@pytest.mark.parametrize("name", ["key_name", "keypair", "server", "monkey", "keyboard", "", "host"])
def test_other_names_are_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("text", ["monkey=1", "host=a", "amqp://broker:5672/vhost", "the token expired", "key_name=k"])
def test_other_text_is_kept(text: str) -> None:
    assert scrub(text) == text


def test_neighbours_of_a_secret_are_kept() -> None:
    assert scrub(f"a=1&signature={SECRET}&b=2") == f"a=1&signature={HIDDEN}&b=2"
    assert scrub(f"amqp://toft:{SECRET}@broker/v") == f"amqp://toft:{HIDDEN}@broker/v"


def test_setup_logs_to_a_file_of_its_owner(tmp_path: Path, root: logging.Logger) -> None:
    file = tmp_path / "toft.log"
    logs.setup(Logs(file=str(file), level="WARNING"))
    logging.getLogger("a").info("quiet")
    logging.getLogger("a").warning("loud")
    assert [line.split("message=")[1] for line in file.read_text().splitlines()] == ["loud"]
    assert file.stat().st_mode & 0o007 == 0


def test_setup_again_replaces_what_it_did(tmp_path: Path, root: logging.Logger) -> None:
    logs.setup(Logs(file=str(tmp_path / "a")))
    logs.setup(Logs(file=str(tmp_path / "b")))
    logging.getLogger("a").error("x")
    assert (tmp_path / "a").read_text() == ""
    assert (tmp_path / "b").read_text().count("\n") == 1


def test_setup_logs_to_standard_error(root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup(Logs())
    logging.getLogger("a").info("seen")
    assert "message=seen" in capsys.readouterr().err


@pytest.mark.parametrize("wanted", [Logs(level="LOUD"), Logs(file="/nonexistent/toft.log")])
def test_wrong_settings_are_refused(wanted: Logs, root: logging.Logger) -> None:
    with pytest.raises(errors.SettingsError, match=r"\[logs\]"):
        logs.setup(wanted)


def test_pairs_are_json_where_they_need_quotes(captured: Captured) -> None:
    captured.log.error('a "b" \\ c\nd')
    quoted = captured.text.split("message=", 1)[1]
    assert json.loads(quoted) == 'a "b" \\ c\nd'
