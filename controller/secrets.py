"""Keys: kept in one folder that only this user may enter, made at the first start; and what they sign."""

import hashlib
import hmac
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from common import errors
from common.clock import Clock
from common.durable import sync_folder

TOKENS, ANSWERS, IMAGES, DIGESTS, HOSTS = "tokens", "answers", "images", "digests", "hosts"


class Secrets:
    """The controllers' keys. A file holds one key a line: the first is used, the others are still accepted.

    To rotate: put a new key on the first line, start the controllers again, and drop the old line a day later.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.tokens = MultiFernet([Fernet(key) for key in _keys(folder / TOKENS)])
        """Seals the tokens that users carry."""
        self.answers = MultiFernet([Fernet(key) for key in _keys(folder / ANSWERS)])
        """Encrypts the answers kept for idempotency keys."""
        self.hosts = MultiFernet([Fernet(key) for key in _keys(folder / HOSTS)])
        """Encrypts the keys that commands to hosts are signed with."""
        self._images = _keys(folder / IMAGES)
        self._digests = _keys(folder / DIGESTS)
        self.folder = folder

    def image_urls(self, base_url: str, clock: Clock, seconds: int) -> "ImageUrls":
        """Give what signs the URLs under which agents fetch images, for ``seconds`` each."""
        return ImageUrls(self._images, base_url, clock, seconds)

    def digest(self, text: bytes) -> str:
        """Give the keyed digest of a request, in hex: from what is stored of it nobody can guess what was sent."""
        return hmac.new(self._digests[0], text, hashlib.sha256).hexdigest()

    def fingerprints(self) -> dict[str, list[str]]:
        """Give what can be told of each file's keys: enough to compare them, nothing to use."""
        files = sorted(path for path in self.folder.iterdir() if path.suffix == "")
        return {path.name: [_fingerprint(key) for key in _keys(path)] for path in files}


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"toft key\n" + key).hexdigest()[:16]


def _keys(file: Path) -> list[bytes]:
    """Read a file of keys, made now if there is none.

    :raises SettingsError: a line of it is no key.
    """
    if not file.exists():
        _make(file)
    keys = file.read_bytes().split()
    try:
        if not keys:
            raise ValueError("it is empty")
        for key in keys:
            Fernet(key)
    except ValueError as error:
        raise errors.SettingsError(f"{file}: not a list of keys, one a line: {error}") from error
    return keys


def _make(file: Path) -> None:
    """Make a file of one key, whole; where another controller makes it at this moment, that one's stays."""
    handle, part = tempfile.mkstemp(suffix=".part", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(Fernet.generate_key() + b"\n")
            new.flush()
            os.fsync(new.fileno())
        with suppress(FileExistsError):
            os.link(part, file)
        sync_folder(file.parent)
    finally:
        Path(part).unlink()


def unseal(sealed: MultiFernet, token: bytes) -> bytes:
    """Open what ``sealed`` sealed.

    :raises Unauthorized: it is not ours, or was changed.
    """
    try:
        return sealed.decrypt(token)
    except InvalidToken as error:
        raise errors.Unauthorized("the token is not valid") from error


class ImageUrls:
    """Signs the URLs under which one host may fetch one image for a while."""

    def __init__(self, keys: Sequence[bytes], base_url: str, clock: Clock, seconds: int) -> None:
        self._keys, self._base, self._clock, self._seconds = keys, base_url.rstrip("/"), clock, seconds

    def sign(self, digest: str, host: str, base_url: str | None = None) -> str:
        """Give a URL that ``host`` may fetch the image of this digest with, from now for ``seconds``.

        :param base_url: of the controller that holds it; None: this one's.
        """
        expires = str(int(self._clock.now().timestamp()) + self._seconds)
        words = {"host": host, "expires": expires, "signature": _signature(self._keys[0], digest, host, expires)}
        return f"{base_url or self._base}/toft/images/{digest}?{urlencode(words)}"

    def check(self, digest: str, host: str, expires: str, signature: str) -> None:
        """Hold a signature against what it signs.

        :raises Forbidden: it is not ours, or its time is over.
        """
        known = [_signature(key, digest, host, expires) for key in self._keys]
        if not any(hmac.compare_digest(each.encode(), signature.encode()) for each in known):
            raise errors.Forbidden("the signature does not fit this image and host")
        if self._clock.now().timestamp() > int(expires):
            raise errors.Forbidden("the URL's time is over; the controller gives a new one with the next command")


def _signature(key: bytes, digest: str, host: str, expires: str) -> str:
    return hmac.new(key, f"image\n{digest}\n{host}\n{expires}".encode(), hashlib.sha256).hexdigest()


def valid(sealed: MultiFernet, token: str, clock: Clock, seconds: int) -> bool:
    """Say whether ``sealed`` sealed this token, not longer than ``seconds`` ago."""
    try:
        sealed.decrypt_at_time(token.encode(), seconds, int(clock.now().timestamp()))
    except (InvalidToken, ValueError):
        return False
    return True
