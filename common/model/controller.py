"""Controllers: the processes that share one database."""

from datetime import datetime

from common.model import Record


class Controller(Record, frozen=True):
    """A controller. ``url`` is its own address; ``gauges`` are what it counts and measures of itself."""

    name: str
    url: str
    version: str
    started_at: datetime
    seen_at: datetime
    gauges: dict[str, object] = {}
