"""Bring a database's schema up to date. Two processes may try at once: the second finds nothing to do."""

import threading
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from common import errors
from controller.db import dialect

_ALONE = threading.Lock()
"""Alembic keeps what it works on in globals: one upgrade at a time in a process."""


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """Give the revision that this version of Toft works with."""
    (head,) = ScriptDirectory.from_config(_config()).get_heads()
    return head


def upgrade(url: str) -> str:
    """Bring the schema to the newest revision, in one transaction, and give that revision.

    :raises DatabaseUnavailable: the database cannot be reached.
    :raises SettingsError: a newer version of Toft wrote this database.
    """
    engine = dialect.engine(url, pool=1)
    try:
        with _ALONE, dialect.away(), engine.begin() as connection:
            dialect.alone(connection)
            _refuse_newer(MigrationContext.configure(connection).get_current_revision())
            command.upgrade(_config(connection), "head")
            return newest()
    finally:
        engine.dispose()


def current(url: str) -> str | None:
    """Give the revision that a database has; None: it is empty.

    :raises DatabaseUnavailable: the database cannot be reached.
    """
    engine = dialect.engine(url, pool=1)
    try:
        with dialect.away(), dialect.reading(engine) as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def _refuse_newer(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise errors.SettingsError(f"the database is at {revision}, which this version does not know: upgrade Toft")
