"""Hosts, the ledger of what they have, and what it is used for."""

import sqlalchemy as sa
from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Integer, Table, Text

from controller.db.tables.base import UtcTime, metadata

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
    Column("version", Text),  # of its agent; none before its first hello
    Column("muted_at", UtcTime),  # since when it may not report: it said too much
    Column("degraded", Text),  # what hangs there; none: nothing
    Column("began", sa.Float),  # when its agent's process did, in monotonic seconds of its boot
    Column("credential", Text),  # the one its agent named in its last hello; none: it has no key
    Column("held", JSON(none_as_null=True)),  # a report of more than it is believed to have, until approved
    Column("changed", BigInteger, nullable=False, default=0, server_default="0", index=True),  # see stamps
    Column("domain", Text, nullable=False, default="", server_default=""),  # its fault domain
    Column("traits", JSON, nullable=False, default=list, server_default="[]"),  # its operator's
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
    Column("ratio", sa.Double, nullable=False, default=1.0, server_default="1.0"),
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
    Column("server_id", Text, ForeignKey("server.id"), index=True),
    Column("cell", Integer),
    Column("attributes", JSON, nullable=False, default=dict, server_default="{}"),
    Column("gone", Boolean, nullable=False, default=False, server_default=sa.false()),  # while a server still has it
)
cpu = Table(
    "cpu",
    metadata,
    Column("host_id", Text, ForeignKey("host.id"), primary_key=True),
    Column("cpu", Integer, primary_key=True),
    Column("cell", Integer, nullable=False),
    Column("core", Integer, nullable=False),
    Column("server_id", Text, ForeignKey("server.id"), index=True),
    Column("gone", Boolean, nullable=False, default=False, server_default=sa.false()),  # as a device's
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
    Column("reason", Text),  # why it is none of ours
)
host_credential = Table(
    "host_credential",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host_id", Text, ForeignKey("host.id"), nullable=False, index=True),
    Column("broker_user", Text, unique=True),  # none: made without the management API
    Column("key", Text, nullable=False),  # encrypted
    Column("created_at", UtcTime, nullable=False),
    Column("retires_at", UtcTime),
)
