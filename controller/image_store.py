"""Image files on this controller's disk, named by their SHA-256."""

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO, NamedTuple

from common import errors
from common.durable import sync_folder
from common.ids import Ids

CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Received(NamedTuple):
    """An upload that came whole: where it lies until it is kept, its size in bytes, its digests in hex."""

    path: Path
    size: int
    sha256: str
    md5: str


class ImageStore:
    """A folder of files named by digest; what is being received lies in a folder beside them."""

    def __init__(self, folder: Path, new_id: Ids) -> None:
        self._folder, self._incoming, self._new_id = folder, folder / "incoming", new_id
        self._incoming.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # the folder above lets everyone pass, and images are tenants' own
        self.settled = threading.Lock()
        """Held from keeping a file until its row is there, and from finding one unneeded until it is removed."""

    def forget_unfinished(self) -> None:
        """Remove what a process that died was receiving. Call it at the start, before any upload."""
        for path in self._incoming.iterdir():
            path.unlink()

    def receive(self, source: IO[bytes], limit: int, expected: int | None) -> Received:
        """Write an upload to disk while taking its digests.

        :param expected: bytes that the client announced; None where it did not.
        :raises TooLarge: it has more than ``limit`` bytes.
        :raises BadRequest: it ended early.
        :raises Unavailable: the disk is full.
        """
        path = self._incoming / self._new_id()
        try:
            return self._write(path, source, limit, expected)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise errors.Unavailable(f"the image cannot be kept: {error.strerror}") from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _write(self, path: Path, source: IO[bytes], limit: int, expected: int | None) -> Received:
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        size = 0
        with path.open("xb") as file:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise errors.TooLarge(f"an image may have {limit} bytes at most")
                for digest in (sha256, md5):
                    digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if expected is not None and size != expected:
            raise errors.BadRequest(f"the upload ended after {size} of {expected} bytes; send it again")
        return Received(path, size, sha256.hexdigest(), md5.hexdigest())

    def keep(self, received: Received) -> bool:
        """Move an upload to its place, where it can be opened by digest; says whether it was there already."""
        known = self._place(received.sha256).exists()
        received.path.rename(self._place(received.sha256))
        sync_folder(self._folder)
        return known

    def drop(self, received: Received) -> None:
        """Remove what is left of an upload; nothing once it was kept."""
        received.path.unlink(missing_ok=True)

    def has(self, digest: str) -> bool:
        """Say whether a file is kept here."""
        return self._place(digest).exists()

    def open(self, digest: str) -> tuple[IO[bytes], int]:
        """Open an image's file; gives it and its size in bytes.

        :raises NotFound: this controller does not hold it.
        """
        try:
            file = self._place(digest).open("rb")
        except FileNotFoundError as error:
            raise errors.NotFound("this controller does not hold that image") from error
        return file, os.fstat(file.fileno()).st_size

    def remove(self, digests: Iterable[str]) -> None:
        """Remove files; those that are gone already are no error."""
        for digest in digests:
            with contextlib.suppress(FileNotFoundError):
                self._place(digest).unlink()

    def held(self) -> set[str]:
        """List the digests of all files kept."""
        return {path.name for path in self._folder.iterdir() if _DIGEST.fullmatch(path.name)}

    def _place(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):  # a path is never made of what a client sent
            raise errors.NotFound("there is no such image")
        return self._folder / digest
