"""Every table. Desired state in these rows is the truth; messages are hints.

Times are UTC; ids are UUIDs as text; ``generation`` columns are compared and set, never locked.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)


class UtcTime(sa.TypeDecorator[datetime]):
    """A moment: timestamptz in PostgreSQL; in SQLite, ISO 8601 text of fixed width, whose order is time's."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Choose the column's own type."""
        return dialect.type_descriptor(sa.DateTime(timezone=True) if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Write a moment; a naive one is a mistake."""
        if value is None or dialect.name == "postgresql":
            return value
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Read a moment, in UTC."""
        if value is None:
            return None
        return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# ---- who ---------------------------------------------------------------------------------------------------
project = Table(
    "project",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False, default=""),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("domain_id", Text, nullable=False, default="default"),
)
user = Table(
    "user",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("domain_id", Text, nullable=False, default="default"),
)
grant = Table(
    "role_grant",
    metadata,
    Column("user_id", Text, ForeignKey("user.id"), primary_key=True),
    Column("project_id", Text, ForeignKey("project.id"), primary_key=True),
    Column("role", Text, primary_key=True),
)
revocation = Table(
    "revocation",
    metadata,
    Column("audit_id", Text, primary_key=True),
    Column("expires_at", UtcTime, nullable=False),
)

# ---- what servers are made of ------------------------------------------------------------------------------
flavor = Table(
    "flavor",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("vcpus", Integer, nullable=False),
    Column("ram_mib", Integer, nullable=False),
    Column("disk_gib", Integer, nullable=False),
    Column("ephemeral_gib", Integer, nullable=False, default=0),
    Column("swap_mib", Integer, nullable=False, default=0),
    Column("rxtx_factor", sa.Double, nullable=False, default=1.0),
    Column("is_public", Boolean, nullable=False, default=True),
    Column("extra_specs", JSON, nullable=False, default=dict),
)
keypair = Table(
    "keypair",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("public_key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
image = Table(
    "image",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False, index=True),
    Column("name", Text),
    Column("status", Text, nullable=False),
    Column("disk_format", Text),
    Column("container_format", Text),
    Column("visibility", Text, nullable=False),
    Column("protected", Boolean, nullable=False, default=False),
    Column("hidden", Boolean, nullable=False, default=False),
    Column("min_disk", Integer, nullable=False, default=0),
    Column("min_ram", Integer, nullable=False, default=0),
    Column("size", BigInteger),
    Column("virtual_size", BigInteger),
    Column("md5", Text),
    Column("digest", Text, index=True),
    Column("tags", JSON, nullable=False, default=list),
    Column("properties", JSON, nullable=False, default=dict),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
image_copy = Table(
    "image_copy",
    metadata,
    Column("image_id", Text, ForeignKey("image.id"), primary_key=True),
    Column("controller", Text, primary_key=True),
    Column("digest", Text, nullable=False),
)
network = Table(
    "network",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("mtu", Integer, nullable=False),
    Column("shared", Boolean, nullable=False, default=False),
    Column("admin_state_up", Boolean, nullable=False, default=True),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
subnet = Table(
    "subnet",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network_id", Text, ForeignKey("network.id"), nullable=False, index=True),
    Column("project_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("cidr", Text, nullable=False),
    Column("gateway_ip", Text),
    Column("pools", JSON, nullable=False),
    Column("dns_nameservers", JSON, nullable=False, default=list),
    Column("enable_dhcp", Boolean, nullable=False, default=True),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
port = Table(
    "port",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network_id", Text, ForeignKey("network.id"), nullable=False, index=True),
    Column("subnet_id", Text, ForeignKey("subnet.id")),
    Column("project_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False, default=""),
    Column("description", Text, nullable=False, default=""),
    Column("mac", Text, nullable=False, unique=True),
    Column("tap", Text, nullable=False, unique=True),
    Column("address", Text),
    Column("device_id", Text, nullable=False, default="", index=True),
    Column("device_owner", Text, nullable=False, default=""),
    Column("host_id", Text),
    Column("made_by_server", Boolean, nullable=False, default=False),
    Column("position", Integer, nullable=False, default=0),
    Column("admin_state_up", Boolean, nullable=False, default=True),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("subnet_id", "address"),
)
freed_address = Table(
    "freed_address",
    metadata,
    Column("subnet_id", Text, ForeignKey("subnet.id", ondelete="CASCADE"), primary_key=True),
    Column("address", Text, primary_key=True),
    Column("freed_at", UtcTime, nullable=False),
)

# ---- servers -----------------------------------------------------------------------------------------------
server = Table(
    "server",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("power", Text, nullable=False),
    Column("seen", Text),
    Column("task", Text),
    Column("generation", Integer, nullable=False),
    Column("host_id", Text, ForeignKey("host.id"), index=True),
    Column("flavor_id", Text, nullable=False),
    Column("flavor_name", Text, nullable=False),
    Column("guest", JSON, nullable=False),
    Column("image_id", Text, nullable=False),
    Column("key_name", Text),
    Column("public_key", Text),
    Column("user_data", Text),
    Column("config_drive", Boolean, nullable=False),
    Column("metadata", JSON, nullable=False, default=dict, key="metadata"),
    Column("asks", JSON(none_as_null=True)),
    Column("reservation_id", Text, nullable=False, default=""),
    Column("launch_index", Integer, nullable=False, default=0),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("launched_at", UtcTime),
    Column("deleted_at", UtcTime),
    Column("fault", JSON(none_as_null=True)),
    Column("hardware", JSON(none_as_null=True)),
    Column("request_id", Text, nullable=False, default=""),
    Index("ix_server_project_created", "project_id", "created_at", "id"),
)

# ---- hosts and the ledger ----------------------------------------------------------------------------------
host = Table(
    "host",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("generation", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("disabled_reason", Text, nullable=False, default=""),
    Column("closed", Text, nullable=False, default=""),
    Column("heard_at", UtcTime, nullable=False),
    Column("lease_until", UtcTime, nullable=False),
    Column("features", JSON, nullable=False),
    Column("inventory", JSON, nullable=False),
    Column("usage", JSON, nullable=False, default=dict),
)
inventory = Table(
    "inventory",
    metadata,
    Column("host_id", Text, ForeignKey("host.id"), primary_key=True),
    Column("cell", Integer, primary_key=True, default=-1),
    Column("class", Text, primary_key=True),
    Column("total", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("capacity", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False, default=0),
    Column("short_by", BigInteger, nullable=False, default=0),
    CheckConstraint("used >= 0 AND used <= capacity", name="fits"),
)
allocation = Table(
    "allocation",
    metadata,
    Column("consumer", Text, ForeignKey("server.id"), primary_key=True),
    Column("host_id", Text, primary_key=True),
    Column("cell", Integer, primary_key=True, default=-1),
    Column("class", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["host_id", "cell", "class"],
        ["inventory.host_id", "inventory.cell", "inventory.class"],
        name="fk_allocation_row",
    ),
)
device = Table(
    "device",
    metadata,
    Column("host_id", Text, ForeignKey("host.id"), primary_key=True),
    Column("address", Text, primary_key=True),
    Column("class", Text, nullable=False),
    Column("server_id", Text, ForeignKey("server.id")),
)
quota_use = Table(
    "quota_use",
    metadata,
    Column("project_id", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("max", BigInteger, nullable=False),
    CheckConstraint("used >= 0 AND (max < 0 OR used <= max)", name="within"),
)
stranger = Table(
    "stranger",
    metadata,
    Column("host_id", Text, ForeignKey("host.id"), primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("first_seen", UtcTime, nullable=False),
)

# ---- work --------------------------------------------------------------------------------------------------
workflow = Table(
    "workflow",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("state", Text, nullable=False),  # live | done | undone | superseded
    Column("direction", Text, nullable=False),  # forward | back
    Column("position", Integer, nullable=False),
    Column("data", JSON, nullable=False, default=dict),
    Column("failure", JSON(none_as_null=True)),
    Column("tries", Integer, nullable=False, default=0),
    Column("lease_epoch", Integer, nullable=False, default=0),
    Column("lease_until", UtcTime),
    Column("wake_at", UtcTime, nullable=False),
    Column("deadline", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("request_id", Text, nullable=False, default=""),
    Index(
        "uq_workflow_live_subject",
        "subject",
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    ),
    Index(
        "ix_workflow_ready",
        "wake_at",
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    ),
)
timeline = Table(
    "timeline",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workflow_id", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("outcome", Text, nullable=False),  # done | waiting | failed | undone | retry
    Column("detail", Text, nullable=False, default=""),
    Column("at", UtcTime, nullable=False),
)
outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host_id", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("server_id", Text, nullable=False, default=""),
    Column("generation", Integer, nullable=False, default=0),
    Column("body", Text, nullable=False),
    Column("request_id", Text, nullable=False, default=""),
    Column("created_at", UtcTime, nullable=False),
    Column("retry_at", UtcTime, nullable=False),
    Column("expires_in", sa.Double, nullable=False, default=3600.0),
    Index("ix_outbox_retry_at", "retry_at", "id"),
)
inbox = Table(
    "inbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("server_id", Text, nullable=False, default=""),
    Column("generation", Integer, nullable=False, default=0),
    Column("body", Text, nullable=False),
    Column("received_at", UtcTime, nullable=False, index=True),
    Index("ix_inbox_subject", "server_id", "generation"),
)
query = Table(
    "query",
    metadata,
    Column("id", Text, primary_key=True),
    Column("server_id", Text, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Column("answer", JSON(none_as_null=True)),
)
decision = Table(
    "decision",
    metadata,
    Column("id", Text, primary_key=True),
    Column("server_id", Text, nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("host_id", Text),
    Column("body", JSON, nullable=False),
)
idempotency = Table(
    "idempotency",
    metadata,
    Column("project_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_digest", Text, nullable=False),
    Column("answer", Text, nullable=False),  # encrypted
    Column("created_at", UtcTime, nullable=False, index=True),
)
lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("until", UtcTime, nullable=False),
)
