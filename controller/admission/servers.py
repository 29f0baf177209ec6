"""Renaming servers; and what the changes of a server's own rows have in common."""

from typing import Any, ClassVar

from msgspec.structs import replace

from common import errors
from common.model.server import Server
from common.states import State
from controller.db import servers
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change


class RenameServer(Change[Server], frozen=True, kw_only=True):
    """Give a server another name. Its guest's host name stays. ``project_id`` None: whosever it is."""

    returns: ClassVar[Any] = Server

    id: str
    project_id: str | None
    name: str

    def apply(self, tx: Tx, world: World) -> Server:
        """Write it.

        :raises NotFound: the project has none such.
        """
        return saved(tx, replace(locked(tx, self.id, self.project_id), name=self.name, updated_at=world.clock.now()))


def missing(server_id: str) -> errors.NotFound:
    """Say that there is no such server."""
    return errors.NotFound(f"Instance {server_id} could not be found.")


def locked(tx: Tx, server_id: str, project_id: str | None) -> Server:
    """Lock a server; None: whosever it is. Lock its workflow before, if at all.

    :raises NotFound: the project has none such.
    """
    server = servers.get(tx, [server_id], lock=True).get(server_id)
    if server is None or server.state is State.DELETED or project_id not in (None, server.project_id):
        raise missing(server_id)
    return server


def saved(tx: Tx, server: Server) -> Server:
    """Write a server that is there already, and give it."""
    servers.save(tx, [server])
    return server
