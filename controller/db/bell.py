"""The bell: controllers wake one another through PostgreSQL. It saves a wait; whoever misses it looks by itself."""

from typing import Any

import psycopg
import sqlalchemy as sa

from common import errors
from controller.db import dialect, direct

CONNECT_SECONDS = 5


class Bell:
    """Rung by any controller, heard by all others.

    :param me: this controller's name among those that ring.
    """

    def __init__(self, engine: sa.Engine, me: str) -> None:
        self._engine, self._me = engine, me
        self._ear: psycopg.Connection[Any] | None = None

    def ring(self) -> None:
        """Wake the others.

        :raises DatabaseUnavailable: nobody heard it.
        """
        with dialect.away(), self._engine.connect() as connection, connection.begin():
            connection.execute(sa.select(sa.func.pg_notify("toft", self._me)))

    def heard(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds; says whether another one rang, or may have while nobody listened.

        :raises DatabaseUnavailable: it cannot be listened.
        """
        try:
            if self._ear is None:
                self._ear = direct.connect(self._engine, CONNECT_SECONDS)
                self._ear.execute("LISTEN toft")
                return True
            return any(note.payload != self._me for note in self._ear.notifies(timeout=timeout, stop_after=1))
        except psycopg.Error as error:
            self.close()
            raise errors.DatabaseUnavailable("the database is away; nobody can wake this controller") from error

    def close(self) -> None:
        """Listen no more."""
        ear, self._ear = self._ear, None
        if ear is not None:
            ear.close()
