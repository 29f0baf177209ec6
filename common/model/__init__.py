"""Records: one noun a file, frozen. A change gives a new record."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all records."""
