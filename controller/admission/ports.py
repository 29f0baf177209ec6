"""Changes of ports."""

from typing import Any, ClassVar

from common import errors
from common.model.network import Port
from common.states import State
from controller.db import networks, ports, servers
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change


class CreatePorts(Change[list[Port]], frozen=True, kw_only=True):
    """Make ports: all or none. ``scope`` is the project whose networks may be used; None: all."""

    returns: ClassVar[Any] = list[Port]

    wishes: tuple[ports.PortWish, ...]
    scope: str | None

    def apply(self, tx: Tx, world: World) -> list[Port]:
        """Insert them, each with an address and a MAC.

        :raises NotFound: the project sees no such network.
        :raises BadRequest: the subnet cannot have an address that is asked for.
        :raises Conflict: an address or MAC is in use, or none is left.
        :raises QuotaExceeded: a project would have too many.
        """
        for wish in self.wishes:
            if networks.find(tx, wish.network_id, self.scope) is None:
                raise errors.NotFound(f"Network {wish.network_id} could not be found.")
        made = []
        for result in ports.allocate(
            tx, self.wishes, now=world.clock.now(), ids=world.ids, limits=world.settings.quota
        ):
            if not isinstance(result, Port):
                raise result
            made.append(result)
        return made


class DeletePort(Change[None], frozen=True, kw_only=True):
    """Delete a port. ``project_id`` None: whosever it is.

    A server that is off loses the NIC with its next start; its other devices keep their places.
    """

    id: str
    project_id: str | None

    def apply(self, tx: Tx, world: World) -> None:
        """Delete it; its address rests for a DHCP lease.

        :raises NotFound: the project has none such.
        :raises Conflict: a server has it that is not off.
        """
        seen = ports.find(tx, self.id, self.project_id)
        if seen is not None and seen.device_id:
            self._check_off(tx, seen.device_id)
        port = ports.find(tx, self.id, self.project_id, lock=True)
        if port is None:
            raise errors.NotFound(f"Port {self.id} could not be found.")
        if seen is None or port.device_id != seen.device_id:
            raise errors.Conflict(f"port {self.id} was just given to a server; try again")
        ports.delete(tx, [port], world.clock.now())

    def _check_off(self, tx: Tx, server_id: str) -> None:
        """Hold the server as it is: it must be off, and stay so until this is committed."""
        server = servers.get(tx, [server_id], lock=True).get(server_id)
        if server is not None and (server.state is not State.SHUTOFF or server.task is not None):
            raise errors.Conflict(f"port {self.id} is in use by server {server_id}; stop or delete the server first")
