"""What every message keeps to: sizes, ranges, and the base of them all."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

LIMIT = 512 * 1024
"""Bytes that one message may have."""

ENTRIES = 4096
"""Entries that one list of a report may have."""

CELLS, CPUS, PAGE_SIZES = 128, 4096, 8
"""NUMA cells that a host may have; CPUs that each may have; sizes of its huge pages."""

# What comes from a host goes into rows that others' reports share a transaction with: what no column takes is refused
# before it is read further.
Number = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
"""A number that every database and every reader of JSON holds."""
Amount = Annotated[int, Meta(ge=0, le=1 << 40)]
"""How much there is of something."""
Count = Annotated[int, Meta(ge=0, le=(1 << 31) - 1)]
"""A generation or an epoch."""
Real = Annotated[float, Meta(ge=-1e15, le=1e15)]
Cpus = Annotated[tuple[Annotated[int, Meta(ge=0, le=65535)], ...], Meta(max_length=CPUS)]
"""CPUs of a host, by the numbers that its kernel gives them."""
CellId = Annotated[int, Meta(ge=0, le=65535)]
"""A NUMA cell or a socket of a host, likewise."""
PageSize = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,9}\Z")]
"""The size of pages in KiB, as the name of a count of them."""
Id = Annotated[str, Meta(max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Text = Annotated[str, Meta(max_length=65536)]
Moment = Annotated[datetime, Meta(tz=True)]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all that is sent. Fields that a reader does not know are passed over, so that versions may differ."""
