"""A fleet: credentials of hosts, controllers side by side, notifications, and indexes for what grows old."""

import sqlalchemy as sa
from alembic import op

from controller.db.tables import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AGEING = (("workflow", "updated_at"), ("timeline", "at"), ("decision", "at"))


def upgrade() -> None:
    op.add_column("subnet", sa.Column("fresh", sa.BigInteger(), nullable=True))
    _host()
    _host_credential()
    _notification()
    _controller()
    _mark()
    _inbox()
    op.add_column("timeline", sa.Column("controller", sa.Text(), nullable=True))
    op.add_column("timeline", sa.Column("more", sa.JSON(none_as_null=True), nullable=True))
    for table, column in AGEING:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def _host() -> None:
    op.add_column("host", sa.Column("version", sa.Text(), nullable=True))
    op.add_column("host", sa.Column("muted_at", UtcTime(), nullable=True))
    op.add_column("host", sa.Column("degraded", sa.Text(), nullable=True))
    op.add_column("host", sa.Column("began", sa.Float(), nullable=True))
    op.add_column("stranger", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("host", sa.Column("credential", sa.Text(), nullable=True))
    op.add_column("host", sa.Column("held", sa.JSON(none_as_null=True), nullable=True))


def _host_credential() -> None:
    op.create_table(
        "host_credential",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.Column("broker_user", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("retires_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], name=op.f("fk_host_credential_host_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_credential")),
        sa.UniqueConstraint("broker_user", name=op.f("uq_host_credential_broker_user")),
    )
    op.create_index(op.f("ix_host_credential_host_id"), "host_credential", ["host_id"], unique=False)


def _notification() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("retry_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_retry_at", "notification", ["retry_at", "id"], unique=False)


def _controller() -> None:
    op.create_table(
        "controller",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("gauges", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_controller")),
    )


def _mark() -> None:
    op.create_table(
        "mark",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mark")),
    )


def _inbox() -> None:
    """Tell events apart by their host too: none may take another's event for one that came already."""
    with op.batch_alter_table("inbox") as inbox:
        inbox.drop_constraint(op.f("pk_inbox"), type_="primary")
        inbox.create_primary_key(op.f("pk_inbox"), ["id", "host_id"])
