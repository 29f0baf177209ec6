"""Fetching an image over HTTP: streamed, hashed on the way, never more than was promised, no redirects, no proxy."""

import hashlib
import http.client
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import BinaryIO
from urllib.parse import urlsplit

import tenacity

from common import errors

CHUNK = 1024 * 1024
TIMEOUT = 30.0
"""Seconds that the other side may be silent."""

ATTEMPTS = 4


class Interrupted(Exception):
    """The transfer broke off; another attempt may succeed."""


def fetch(urls: Sequence[str], into: BinaryIO, size: int, digest: str) -> None:
    """Write what is at one of ``urls`` into an empty file; each attempt asks the next one.

    :param size: bytes it must have.
    :param digest: its SHA-256 in hex.
    :raises InvalidImage: what came has another size or digest.
    :raises HypervisorError: it cannot be fetched.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Interrupted),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
        stop=tenacity.stop_after_attempt(ATTEMPTS * len(urls)),
        reraise=True,
    )
    try:
        found = retrying(_attempt, cycle(urls), into, size)
    except Interrupted as error:
        raise errors.HypervisorError(f"the image cannot be fetched: {error}") from error
    if found != digest:
        raise errors.InvalidImage(f"the image has the digest {found} and should have {digest}")


def _attempt(urls: Iterator[str], into: BinaryIO, size: int) -> str:
    url = next(urls)
    into.seek(0)
    into.truncate()
    connection = _connect(url)
    try:
        with _ask(connection, url) as response:
            _judge(response, size)
            return _copy(response, into, size)
    finally:
        connection.close()


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.HypervisorError(f"the image's URL is of no known kind: {parts.scheme!r}")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname, parts.port, timeout=TIMEOUT)


def _ask(connection: http.client.HTTPConnection, url: str) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise Interrupted(f"{parts.netloc}: {error}") from error


def _judge(response: http.client.HTTPResponse, size: int) -> None:
    if response.status >= 500:
        raise Interrupted(f"the controller answers {response.status}")
    if response.status != 200:
        raise errors.HypervisorError(f"the image cannot be fetched: the controller answers {response.status}")
    if response.length not in (None, size):
        raise errors.InvalidImage(f"the image has {response.length} bytes and should have {size}")


def _copy(response: http.client.HTTPResponse, into: BinaryIO, size: int) -> str:
    digest = hashlib.sha256()
    done = 0
    while chunk := _read(response):
        done += len(chunk)
        if done > size:
            raise errors.InvalidImage(f"the image has more than the {size} bytes it should have")
        digest.update(chunk)
        into.write(chunk)
    if done < size:
        raise Interrupted(f"the transfer ended after {done} of {size} bytes")
    return digest.hexdigest()


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise Interrupted(str(error)) from error
