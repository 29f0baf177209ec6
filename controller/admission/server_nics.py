"""Which NICs a new server is to have, and its hold on the ports that exist already."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from common import errors
from common.model.server import NetworkAsk, Server
from controller.db import networks, ports
from controller.db.engine import Tx


def resolved(tx: Tx, project_id: str, asks: tuple[NetworkAsk, ...]) -> tuple[NetworkAsk, ...]:
    """Check what a create asks for; one that asks for nothing gets the only network there is, or none.

    :raises BadRequest: a network or port is not there, or a port is asked for twice.
    :raises Conflict: nothing is asked for and there are several networks, or a port is in use.
    """
    if not asks:
        return _default(tx, project_id)
    asked = [ask.port_id for ask in asks if ask.port_id]
    if len(asked) != len(set(asked)):
        raise errors.BadRequest("networks: a port is asked for twice")
    _check_ports(tx, project_id, asked)
    for ask in asks:
        if ask.port_id is None and networks.find(tx, str(ask.network_id), project_id) is None:
            raise errors.BadRequest(f"Network {ask.network_id} could not be found.")
    return asks


def _default(tx: Tx, project_id: str) -> tuple[NetworkAsk, ...]:
    found = networks.available(tx, project_id)
    own = [network for network in found if network.project_id == project_id] or found
    if len(own) > 1:
        raise errors.Conflict("Multiple possible networks found, use a Network ID to be more specific.")
    return tuple(NetworkAsk(network_id=network.id) for network in own)


def _check_ports(tx: Tx, project_id: str, asked: Sequence[str]) -> None:
    found = ports.get(tx, asked, lock=True)
    for port_id in asked:
        port = found.get(port_id)
        if port is None or port.project_id != project_id:
            raise errors.BadRequest(f"Port id {port_id} could not be found.")
        if port.device_id:
            raise errors.Conflict(f"Port {port_id} is still in use.")


def hold(tx: Tx, servers: Sequence[Server], now: datetime) -> None:
    """Let servers hold the ports that exist already, so that no other gets them; the workflow makes the others."""
    places = {ask.port_id: (s.id, i) for s in servers for i, ask in enumerate(s.asks or ()) if ask.port_id}
    found = ports.get(tx, places, lock=True).values()
    held = [replace(p, device_id=places[p.id][0], position=places[p.id][1], updated_at=now) for p in found]
    ports.save(tx, [replace(port, device_owner=ports.COMPUTE) for port in held])
