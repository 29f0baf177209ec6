"""Fetching an image's file from another controller over HTTP."""

import http.client
import io
from typing import IO
from urllib.parse import urlsplit

from common import errors

SILENT_SECONDS = 10.0
"""How long the other controller may be silent."""


def fetch(url: str) -> tuple[IO[bytes], int]:
    """Open what is at a signed URL of another controller; gives it and its length in bytes.

    :raises Unavailable: it does not answer, or does not have it (any more).
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=SILENT_SECONDS)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        response = connection.getresponse()
        if response.status != 200 or response.length is None:
            raise errors.Unavailable(f"{parts.netloc} answers {response.status}")
    except (OSError, http.client.HTTPException, errors.Unavailable) as error:
        connection.close()
        raise errors.Unavailable(f"{parts.netloc} does not give the image: {error}") from error
    length = response.length
    return io.BufferedReader(_Body(connection, response)), length


class _Body(io.RawIOBase):
    """An answer's body that closes its connection, and takes a broken one for an error of ours."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection, self._response = connection, response

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Read into ``buffer``.

        :raises Unavailable: the other controller fell silent, or died.
        """
        try:
            return self._response.readinto(buffer)
        except (OSError, http.client.HTTPException) as error:
            raise errors.Unavailable(f"the image's other holder broke off: {error}") from error

    def close(self) -> None:
        """End the connection."""
        self._response.close()
        self._connection.close()
        super().close()
