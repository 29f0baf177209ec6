"""Every table. Desired state in these rows is the truth; messages are hints.

Times are UTC; ids are UUIDs as text; ``generation`` columns are compared and set, never locked.
"""

from controller.db.tables.base import UtcTime, metadata
from controller.db.tables.hosts import allocation, device, host, host_credential, inventory, quota_use, stranger
from controller.db.tables.parts import flavor, freed_address, image, image_copy, keypair, network, port, subnet
from controller.db.tables.servers import server
from controller.db.tables.who import grant, project, revocation, user
from controller.db.tables.work import (
    controller,
    decision,
    idempotency,
    inbox,
    lease,
    mark,
    notification,
    outbox,
    query,
    timeline,
    workflow,
)

__all__ = [
    "UtcTime",
    "allocation",
    "controller",
    "decision",
    "device",
    "flavor",
    "freed_address",
    "grant",
    "host",
    "host_credential",
    "idempotency",
    "image",
    "image_copy",
    "inbox",
    "inventory",
    "keypair",
    "lease",
    "mark",
    "metadata",
    "network",
    "notification",
    "outbox",
    "port",
    "project",
    "query",
    "quota_use",
    "revocation",
    "server",
    "stranger",
    "subnet",
    "timeline",
    "user",
    "workflow",
]
