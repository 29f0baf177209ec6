"""Work under way: workflows, messages, decisions, leases."""

import sqlalchemy as sa
from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from controller.db.tables.base import UtcTime, metadata

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
    Column("updated_at", UtcTime, nullable=False, index=True),
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
    Column("at", UtcTime, nullable=False, index=True),
    Column("controller", Text),
    Column("more", JSON(none_as_null=True)),
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
    Column("host_id", Text, primary_key=True),
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
    Column("at", UtcTime, nullable=False, index=True),
    Column("host_id", Text),
    Column("body", JSON, nullable=False),
    Column("inputs", JSON(none_as_null=True)),  # what it was decided from, for replay
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
notification = Table(
    "notification",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event_type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("retry_at", UtcTime, nullable=False),
    Index("ix_notification_retry_at", "retry_at", "id"),
)
controller = Table(
    "controller",
    metadata,
    Column("name", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("gauges", JSON, nullable=False, default=dict),
)
mark = Table(
    "mark",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
