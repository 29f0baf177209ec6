"""The hostname that a guest gets: a DNS-safe form of the server's name."""

import re
import unicodedata

LABEL_LIMIT = 63
"""Characters that one DNS label may have."""


def hostname_of(name: str, server: str) -> str:
    """Make one DNS label of a server's name: ASCII letters, digits and inner hyphens, lower case, at most 63.

    Accents are dropped, any other run of characters becomes a hyphen, so ``Datenbank (Süd)`` is ``datenbank-sud``. A
    name of which nothing is left, or only digits, which many programs take for an address, gives ``server-<uuid>``.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    label = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:LABEL_LIMIT].rstrip("-")
    return label if label and not label.isdigit() else f"server-{server}"
