"""SSH keys that servers are given at their first boot."""

from datetime import datetime

from common.model import Record


class Keypair(Record, frozen=True):
    """A user's public key. ``private_key`` is set only in the answer that made it, and stored nowhere in clear."""

    user_id: str
    name: str
    public_key: str
    fingerprint: str
    created_at: datetime
    type: str = "ssh"
    private_key: str | None = None
