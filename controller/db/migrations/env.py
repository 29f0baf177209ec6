"""Alembic's way in: it runs on the connection that ``controller.db.migrate`` hands over."""

from alembic import context

from controller.db import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()
