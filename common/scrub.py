"""Takes secrets out of what is about to be logged: by the name they go under, and by the look of them."""

import re
from collections.abc import Mapping

HIDDEN = "***"

ALWAYS = ("password", "passwd", "secret", "token", "signature", "authorization", "credential", "private", "cookie")
"""Words that make a name secret wherever they stand in it: ``admin_password``, ``X-Auth-Token``, ``password_hash``."""

LAST = ("key", "keys")
"""Words that make a name secret as its last one: ``api_key``, but not ``key_name``."""

LONGEST = 32768
"""Characters that are looked at; what is longer is cut off."""

_NAMED = re.compile(
    rf"""((?:(?:{"|".join(ALWAYS)})[\w-]{{0,40}}|(?<![^\W_])keys?)["']?\s{{0,3}}[=:]\s{{0,3}}(?:(?:bearer|basic)\s+)?)"""
    r"""("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,;&)}\]]+)""",
    re.IGNORECASE | re.DOTALL,
)
_URL = re.compile(r"(://[^\s/:@]{0,200}:)[^\s]{1,2000}@")
_LOOKS = re.compile(
    r"gAAAA[\w=-]{20,}|\$argon2\w+\$[^\s\"']+|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END[^\n]*|\Z)", re.DOTALL
)


def is_secret_name(name: str) -> bool:
    """Say whether what goes under this name is to be hidden."""
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_-"))
    return words[-1] in LAST or any(word.startswith(ALWAYS) for word in words)


def scrub(text: str) -> str:
    """Hide passwords in URLs, ``password=…`` and the like, tokens, password hashes, private keys; cut the rest."""
    text = _URL.sub(rf"\1{HIDDEN}@", text[:LONGEST])
    text = _LOOKS.sub(HIDDEN, text)
    return _NAMED.sub(rf"\1{HIDDEN}", text)


def scrub_value(name: str, value: object) -> object:
    """Hide a value if its name is secret; look into mappings and lists; scrub all text."""
    if is_secret_name(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): scrub_value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub_value("", inner) for inner in value]
    return scrub(str(value))
