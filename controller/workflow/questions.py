"""Questions to a server's host: a row that will hold the answer, and a command that soon expires."""

from datetime import timedelta

from common import errors, wire
from common.model.server import Server
from controller.db import outbox, queries
from controller.db.engine import Tx
from controller.workflow.world import World

SECONDS = 15.0
"""How long a question may wait for its answer."""


def ask_console(tx: Tx, world: World, server: Server, length: int | None, request_id: str) -> str:
    """Ask for a console's last ``length`` lines (None: all that is kept); gives the query to wait for.

    :raises Conflict: the server has no host.
    """
    if server.host_id is None:
        raise errors.Conflict(f"server {server.id} is on no host; it has no console")
    now = world.clock.now()
    query = wire.Query(id=world.ids(), what="console", length=length)
    queries.add(tx, query.id, server.id, now, now + timedelta(seconds=SECONDS))
    entry = outbox.Entry(
        id=world.ids(),
        host_id=server.host_id,
        verb="query",
        body=wire.pack(query).decode(),
        server_id=server.id,
        generation=server.generation,
        request_id=request_id,
        created_at=now,
        retry_at=now,
        expires_in=SECONDS,
    )
    outbox.add(tx, [entry])
    return query.id
