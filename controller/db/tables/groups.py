"""What operators and tenants group: hosts into aggregates, servers into server groups."""

from sqlalchemy import JSON, Column, ForeignKey, Integer, Table, Text

from controller.db.tables.base import UtcTime, metadata

aggregate = Table(
    "aggregate",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uuid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("metadata", JSON, nullable=False, default=dict, key="metadata"),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime),
    sqlite_autoincrement=True,
)
aggregate_host = Table(
    "aggregate_host",
    metadata,
    Column("aggregate_id", Integer, ForeignKey("aggregate.id", ondelete="CASCADE"), primary_key=True),
    Column("host_id", Text, ForeignKey("host.id"), primary_key=True, index=True),
)
server_group = Table(
    "server_group",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False, index=True),
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("limit", Integer, nullable=False, default=1),  # of members on one host, under anti-affinity
    Column("created_at", UtcTime, nullable=False),
)
server_group_member = Table(
    "server_group_member",
    metadata,
    Column("group_id", Text, ForeignKey("server_group.id", ondelete="CASCADE"), primary_key=True),
    Column("server_id", Text, ForeignKey("server.id", ondelete="CASCADE"), primary_key=True, index=True),
)
