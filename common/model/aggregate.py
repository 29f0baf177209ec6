"""Aggregates: hosts that operators put together, and what they say of all of them."""

from datetime import datetime

from common.model import Record

ZONE = "availability_zone"
"""The item of an aggregate's metadata that makes it a zone."""

DEFAULT_ZONE = "nova"
"""The zone of hosts that no aggregate puts into one."""


class Aggregate(Record, frozen=True):
    """An aggregate. ``id`` is what the scheduler knows it by, ``number`` what clients do; ``hosts``: their ids."""

    id: str
    number: int
    name: str
    created_at: datetime
    metadata: dict[str, str] = {}
    updated_at: datetime | None = None
    hosts: tuple[str, ...] = ()

    @property
    def zone(self) -> str | None:
        """Give the availability zone that its hosts are in; None: it makes none."""
        return self.metadata.get(ZONE)
