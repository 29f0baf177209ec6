"""Who there is: projects, users, grants."""

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text

from controller.db.tables.base import UtcTime, metadata

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
