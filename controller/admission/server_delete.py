"""Deleting servers: whole batches at once, each request with its own answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from msgspec.structs import replace

from common import errors
from common.model.server import Server
from common.states import Power, State, Task
from controller.admission.servers import missing
from controller.db import servers, workflows
from controller.db.engine import Tx
from controller.workflow.start import Begin, start_all
from controller.workflow.world import World
from controller.writer import Change

KIND = "server.delete"


class DeleteServer(Change[None], frozen=True, kw_only=True):
    """Delete a server, whatever is being done to it. ``project_id`` None: whosever it is."""

    id: str
    project_id: str | None
    request_id: str

    @classmethod
    def accept(cls, tx: Tx, changes: Sequence[Self], world: World) -> list[errors.ToftError | None]:
        """End what is being done to the servers and begin their deletion; once more is harmless.

        One that its project does not have is refused with NotFound.
        """
        found = servers.get(tx, {c.id for c in changes})
        live = workflows.lock_live(tx, found)  # before the servers: workflows come first in the order of locks
        leaving = {c.id: c for c in changes if _is_there(found.get(c.id), c)}
        fresh = [id_ for id_ in leaving if id_ not in live or live[id_].kind != KIND]
        locked = servers.get(tx, fresh, lock=True)
        now = world.clock.now()
        going = [server for server in locked.values() if _is_there(server, leaving[server.id])]
        workflows.end(tx, [live[s.id] for s in going if s.id in live], now)
        servers.save(tx, [_going(server, now) for server in going])
        start_all(tx, world, KIND, [Begin(s.id, s.project_id, leaving[s.id].request_id) for s in going])
        known = {s.id for s in going} | (leaving.keys() - set(fresh))
        return [None if c.id in known and _is_there(found[c.id], c) else missing(c.id) for c in changes]


def _is_there(server: Server | None, change: DeleteServer) -> bool:
    """Say whether there is such a server for whoever asks."""
    if server is None or server.state is State.DELETED:
        return False
    return change.project_id in (None, server.project_id)


def _going(server: Server, now: datetime) -> Server:
    return replace(server, power=Power.GONE, task=Task.DELETING, generation=server.generation + 1, updated_at=now)
