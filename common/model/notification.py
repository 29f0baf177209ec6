"""Notifications: what the world outside is told of servers and hosts."""

from datetime import datetime

from common.model import Record


class Notification(Record, frozen=True):
    """A notification that waits to be published. ``body`` is the JSON of publisher, priority and payload."""

    id: str
    event_type: str
    body: str
    created_at: datetime
    retry_at: datetime
