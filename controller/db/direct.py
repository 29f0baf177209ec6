"""Connections to PostgreSQL outside the pool: for what must not share one, or must know the driver's own."""

from typing import Any

import psycopg
import sqlalchemy as sa


def is_postgresql(engine: sa.Engine) -> bool:
    """Say whether it is PostgreSQL; SQLite has nothing of this."""
    return engine.dialect.name == "postgresql"


def connect(engine: sa.Engine, seconds: int) -> psycopg.Connection[Any]:
    """Open a connection of one's own, in autocommit.

    :param seconds: how long it may take.
    :raises psycopg.Error: the server does not answer.
    """
    _, words = engine.dialect.create_connect_args(engine.url)
    return psycopg.connect(**{**words, "connect_timeout": seconds}, autocommit=True)
