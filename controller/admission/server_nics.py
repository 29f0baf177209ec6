"""Which NICs new servers are to have, and their hold on the ports that exist already."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from common import errors
from common.model.network import Network, Port
from common.model.server import NetworkAsk, Server
from controller.db import networks, ports
from controller.db.engine import Tx

Asks = tuple[NetworkAsk, ...]


class Wiring:
    """The networks and ports that a batch of creates names, read once; the ports are locked.

    :param asked: of each create its project and what it asks for.
    """

    def __init__(self, tx: Tx, asked: Sequence[tuple[str, Asks]]) -> None:
        named = [ask for _, asks in asked for ask in asks]
        given = {ask.port_id for ask in named if ask.port_id}
        self._ports = ports.get(tx, given, lock=True) if given else {}
        self._networks = networks.open_to(
            tx,
            ids={ask.network_id for ask in named if ask.network_id},
            projects={project for project, asks in asked if not asks},
        )
        self._held: list[Port] = []

    def resolved(self, project_id: str, asks: Asks) -> Asks:
        """Check what a create asks for; one that asks for nothing gets the only network there is, or none.

        :raises BadRequest: a network or port is not there, or a port is asked for twice.
        :raises Conflict: nothing is asked for and there are several networks, or a port is in use.
        """
        if not asks:
            return self._default(project_id)
        wanted = [ask.port_id for ask in asks if ask.port_id]
        if len(wanted) != len(set(wanted)):
            raise errors.BadRequest("networks: a port is asked for twice")
        for port_id in wanted:
            self._check_port(project_id, port_id)
        for ask in asks:
            if ask.network_id and not _may_use(self._networks.get(ask.network_id), project_id):
                raise errors.BadRequest(f"Network {ask.network_id} could not be found.")
        return asks

    def _default(self, project_id: str) -> Asks:
        found = [network for network in self._networks.values() if _may_use(network, project_id)]
        own = [network for network in found if network.project_id == project_id] or found
        if len(own) > 1:
            raise errors.Conflict("Multiple possible networks found, use a Network ID to be more specific.")
        return tuple(NetworkAsk(network_id=network.id) for network in own)

    def _check_port(self, project_id: str, port_id: str) -> None:
        port = self._ports.get(port_id)
        if port is None or port.project_id != project_id:
            raise errors.BadRequest(f"Port id {port_id} could not be found.")
        if port.device_id:
            raise errors.Conflict(f"Port {port_id} is still in use.")

    def hold(self, servers: Sequence[Server]) -> None:
        """Let servers hold the ports that they asked for, so that no other gets them; others the workflow makes."""
        for server in servers:
            for position, ask in enumerate(server.asks or ()):
                if ask.port_id:
                    port = replace(self._ports[ask.port_id], device_id=server.id, position=position)
                    self._ports[port.id] = replace(port, device_owner=ports.COMPUTE)
                    self._held.append(self._ports[port.id])

    def write(self, tx: Tx, now: datetime) -> None:
        """Write who holds which port."""
        ports.save(tx, [replace(port, updated_at=now) for port in self._held])


def _may_use(network: Network | None, project_id: str) -> bool:
    return network is not None and (network.shared or network.project_id == project_id)
