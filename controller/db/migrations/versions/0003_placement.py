"""Placement: CPUs and devices one by one, aggregates, server groups, what a server asks for and where it went."""

import sqlalchemy as sa
from alembic import op

from controller.db.tables import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _host()
    _cpu()
    _device()
    _aggregate()
    _server_group()
    _server()
    op.add_column("decision", sa.Column("inputs", sa.JSON(none_as_null=True), nullable=True))


def _host() -> None:
    op.add_column("host", sa.Column("changed", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index(op.f("ix_host_changed"), "host", ["changed"], unique=False)
    op.add_column("host", sa.Column("domain", sa.Text(), server_default="", nullable=False))
    op.add_column("host", sa.Column("traits", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("inventory", sa.Column("ratio", sa.Double(), server_default="1.0", nullable=False))


def _cpu() -> None:
    op.create_table(
        "cpu",
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.Column("cpu", sa.Integer(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("core", sa.Integer(), nullable=False),
        sa.Column("server_id", sa.Text(), nullable=True),
        sa.Column("gone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], name=op.f("fk_cpu_host_id")),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_cpu_server_id")),
        sa.PrimaryKeyConstraint("host_id", "cpu", name=op.f("pk_cpu")),
    )
    op.create_index(op.f("ix_cpu_server_id"), "cpu", ["server_id"], unique=False)


def _device() -> None:
    op.add_column("device", sa.Column("cell", sa.Integer(), nullable=True))
    op.add_column("device", sa.Column("attributes", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("device", sa.Column("gone", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(op.f("ix_device_server_id"), "device", ["server_id"], unique=False)


def _aggregate() -> None:
    op.create_table(
        "aggregate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aggregate")),
        sa.UniqueConstraint("name", name=op.f("uq_aggregate_name")),
        sa.UniqueConstraint("uuid", name=op.f("uq_aggregate_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "aggregate_host",
        sa.Column("aggregate_id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["aggregate_id"], ["aggregate.id"], name=op.f("fk_aggregate_host_aggregate_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], name=op.f("fk_aggregate_host_host_id")),
        sa.PrimaryKeyConstraint("aggregate_id", "host_id", name=op.f("pk_aggregate_host")),
    )
    op.create_index(op.f("ix_aggregate_host_host_id"), "aggregate_host", ["host_id"], unique=False)


def _server_group() -> None:
    op.create_table(
        "server_group",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_group")),
    )
    op.create_index(op.f("ix_server_group_project_id"), "server_group", ["project_id"], unique=False)
    op.create_table(
        "server_group_member",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("server_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["server_group.id"], name=op.f("fk_server_group_member_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["server_id"], ["server.id"], name=op.f("fk_server_group_member_server_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "server_id", name=op.f("pk_server_group_member")),
    )
    op.create_index(op.f("ix_server_group_member_server_id"), "server_group_member", ["server_id"], unique=False)


def _server() -> None:
    op.add_column("server", sa.Column("zone", sa.Text(), nullable=True))
    op.add_column("server", sa.Column("hints", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("server", sa.Column("group_id", sa.Text(), nullable=True))
    op.add_column("server", sa.Column("place", sa.JSON(none_as_null=True), nullable=True))
