"""SSH public keys: read, made, and told by their fingerprint."""

import base64
import binascii
import hashlib
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from common import errors

BITS = 2048


class Pair(NamedTuple):
    """A key in OpenSSH's public form, and its private half in PEM."""

    public: str
    private: str


def generate() -> Pair:
    """Make an RSA key, the kind that every client and guest can use."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return Pair(f"{public.decode()} Generated-by-Toft", private.decode())


def fingerprint(public: str) -> str:
    """Check a public key and give its MD5 fingerprint, in pairs with colons.

    :raises BadRequest: it is not one line in OpenSSH's form.
    """
    line = public.strip()
    try:
        if "\n" in line or "\r" in line:
            raise ValueError("it has more than one line")
        serialization.load_ssh_public_key(line.encode())
        blob = base64.b64decode(line.split()[1], validate=True)
    except (ValueError, IndexError, UnsupportedAlgorithm, binascii.Error) as error:
        raise errors.BadRequest(f"Keypair data is invalid: not an OpenSSH public key: {error}") from error
    text = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(text[i : i + 2] for i in range(0, len(text), 2))
