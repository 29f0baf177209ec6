"""The schema's history, as Alembic keeps it; run by ``controller.db.migrate``."""
