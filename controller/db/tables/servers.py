"""Servers."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from controller.db.tables.base import UtcTime, metadata

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
    Column("zone", Text),
    Column("hints", JSON, nullable=False, default=dict, server_default="{}"),
    Column("group_id", Text),
    Column("place", JSON(none_as_null=True)),
    Index("ix_server_project_created", "project_id", "created_at", "id"),
)
