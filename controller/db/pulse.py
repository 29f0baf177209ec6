"""The pulse: notices a PostgreSQL that is there and answers nothing, so that nobody waits for it without an end.

A server that was stopped in its tracks, or a network that swallows all, ends no connection: libpq would wait for ever.
"""

import logging
import os
import socket
from typing import Any
from weakref import WeakSet

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus

from common import errors
from common.clock import Clock
from controller.db import direct

LOG = logging.getLogger(__name__)

SILENT_SECONDS = 5.0
"""How long a statement may run before it is asked whether the server answers at all."""

PROBE_SECONDS = 3
"""How long a new connection may take then."""


class Pulse:
    """Looks at the pool's connections; each ``turn`` takes no time while all is well.

    :param clock: for the time that statements run.
    """

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._open: WeakSet[psycopg.Connection[Any]] = WeakSet()
        self._since: dict[int, float] = {}
        self._stopped = False
        sa.event.listen(engine, "connect", lambda connection, _record: self._open.add(connection))

    def check(self) -> None:
        """Refuse at once what would wait in vain.

        :raises DatabaseUnavailable: the server answers nothing.
        """
        if self._stopped:
            raise errors.DatabaseUnavailable("the database does not answer; try again in a few seconds")

    def turn(self) -> bool:
        """Cut the connections of those who wait for a server that answers nothing; notice when it answers again."""
        now = self._clock.monotonic()
        waiting = [c for c in list(self._open) if c.pgconn.transaction_status == TransactionStatus.ACTIVE]
        self._since = {id(c): self._since.get(id(c), now) for c in waiting}
        long = any(now - since >= SILENT_SECONDS for since in self._since.values())
        if long or self._stopped:
            self._judge(waiting)
        return False

    def _judge(self, waiting: list[psycopg.Connection[Any]]) -> None:
        try:
            direct.connect(self._engine, PROBE_SECONDS).close()
        except psycopg.Error as error:
            if not self._stopped:
                LOG.error("the database answers nothing: %s", str(error).partition("\n")[0])
            self._stopped = True
            for connection in waiting:
                _cut(connection)
        else:
            if self._stopped:
                LOG.info("the database answers again")
            self._stopped = False


def _cut(connection: psycopg.Connection[Any]) -> None:
    """End a connection under the thread that waits for it: that one sees the server gone."""
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as there:
            there.shutdown(socket.SHUT_RDWR)
    except (OSError, psycopg.Error) as error:
        LOG.info("a connection ended by itself meanwhile: %s", error)
