"""Server groups: servers that a tenant wants on one host, or on several."""

from datetime import datetime

from common.model import Record

POLICIES = ("affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity")


class ServerGroup(Record, frozen=True):
    """A group. ``limit``: members that one host may have under anti-affinity."""

    id: str
    project_id: str
    user_id: str
    name: str
    policy: str
    created_at: datetime
    limit: int = 1
