"""Logs: one record is one line of ``key=value`` pairs, with the id of the API request behind it and without secrets.

    time=2026-01-01T00:00:00.000Z level=INFO logger=controller.api message="server created" request_id=req-…

More pairs come from ``extra``: ``log.info("server created", extra={"server": server.id})``. Hidden are values under a
secret's name, and what looks like a secret in any text (see common/scrub.py).
"""

import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from logging.handlers import WatchedFileHandler
from pathlib import Path

from common import errors, settings
from common.scrub import scrub_value

LONGEST = 16384
"""Characters that one value may have in the log; the rest is cut off."""

_BARE = re.compile(r"[A-Za-z0-9_.:/@+,*-]+")
_UNSAFE = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_CHATTY = ("amqp", "kombu", "urllib3", "sqlalchemy")

_request_id: ContextVar[str] = ContextVar("request_id", default="")


@contextmanager
def request(request_id: str) -> Iterator[None]:
    """Put this request id on all that the block logs. A new thread starts without one: say it there again."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def current_request() -> str:
    """Give the request id of the running block, or nothing."""
    return _request_id.get()


class LineFormatter(logging.Formatter):
    """Writes a record as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, without a line break."""
        pairs: dict[str, object] = {
            "time": _time(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        pairs |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if request_id := current_request():
            pairs.setdefault("request_id", request_id)
        if record.exc_info:
            pairs["trace"] = self.formatException(record.exc_info)
        return " ".join(f"{_name(key)}={_text(scrub_value(key, value))}" for key, value in pairs.items())


def setup(wanted: settings.Logs) -> logging.Handler:
    """Send all logs of this process to the file or standard error that the settings name; may be called again.

    :raises SettingsError: the level is not known, or the file cannot be opened.
    """
    if wanted.level not in _LEVELS:
        raise errors.SettingsError(f"[logs] level is {wanted.level}; it must be one of {', '.join(_LEVELS)}")
    handler = _handler(wanted.file)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h.formatter, LineFormatter)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(wanted.level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel("WARNING")
    logging.captureWarnings(True)
    return handler


def _handler(file: str) -> logging.Handler:
    if not file:
        return logging.StreamHandler(sys.stderr)
    try:
        Path(file).touch(mode=0o640)
        return WatchedFileHandler(file, encoding="utf-8")
    except OSError as error:
        raise errors.SettingsError(f"[logs] file {file} cannot be written: {error.strerror}") from error


def _time(seconds: float) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds % 1 * 1000):03d}Z"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # the logging module would print the arguments, secrets included, to standard error
        return f"{record.msg} (its arguments do not fit)"


def _name(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", key)


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    if _BARE.fullmatch(text):
        return text
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(text, ensure_ascii=False))
