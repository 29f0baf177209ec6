"""Asking a server's host for what the guest wrote to its console."""

from datetime import timedelta
from typing import Any, ClassVar

from common import errors, wire
from controller.admission.servers import missing
from controller.db import hosts, outbox, queries, server_lists
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change

SECONDS = 30.0
"""How long a question is worth an answer."""


class AskConsole(Change[str], frozen=True, kw_only=True):
    """Ask for the last ``length`` lines; None: all that is kept. Gives the question's id, see ``queries.answered``."""

    returns: ClassVar[Any] = str

    id: str
    project_id: str | None
    length: int | None
    request_id: str

    def apply(self, tx: Tx, world: World) -> str:
        """Write the question and its command.

        :raises NotFound: the project has no such server.
        :raises Conflict: the server has no host yet.
        :raises Unavailable: its host is away: questions would fill the queue for as long as it is.
        """
        server = server_lists.find(tx, self.id, self.project_id)
        if server is None:
            raise missing(self.id)
        if server.host_id is None:
            raise errors.Conflict(f"Instance {self.id} is not ready: it has no host, and so no console yet")
        now, query = world.clock.now(), world.ids()
        if hosts.get(tx, [server.host_id])[server.host_id].lease_until <= now:
            raise errors.Unavailable(f"the host of instance {self.id} is away; try again when it is back")
        queries.add(tx, query, self.id, now, now + timedelta(seconds=SECONDS))
        body = wire.pack(wire.Query(id=query, what="console", length=self.length)).decode()
        entry = outbox.Entry(
            id=query,
            host_id=server.host_id,
            verb="query",
            body=body,
            server_id=self.id,
            request_id=self.request_id,
            created_at=now,
            retry_at=now,
            expires_in=SECONDS,
        )
        outbox.add(tx, [entry])
        return query
