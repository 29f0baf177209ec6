"""Every table. Desired state in these rows is the truth; messages are hints.

Times are UTC; ids are UUIDs as text; ``generation`` columns are compared and set, never locked.
"""

from controller.db.tables.base import UtcTime, metadata
from controller.db.tables.groups import aggregate, aggregate_host, server_group, server_group_member
from controller.db.tables.hosts import allocation, cpu, device, host, host_credential, inventory, quota_use, stranger
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
    "aggregate",
    "aggregate_host",
    "allocation",
    "controller",
    "cpu",
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
    "server_group",
    "server_group_member",
    "stranger",
    "subnet",
    "timeline",
    "user",
    "workflow",
]
