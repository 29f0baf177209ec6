"""A server's ports: those that were given are bound to it, the others are made."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from common import errors
from common.model.network import Port
from common.model.server import NetworkAsk, Server
from controller.db import ports
from controller.db.engine import Tx
from controller.workflow.world import World


def attach(tx: Tx, servers: Sequence[Server], world: World) -> dict[str, errors.ToftError]:
    """Bind or make the ports that each server asked for, in the order of its asks.

    What a server has already it keeps: this may be run again. One that is refused keeps none.

    :returns: the refusals, by server.
    """
    refused = _bind(tx, servers, world)
    refused |= _make(tx, [s for s in servers if s.id not in refused], world)
    ports.release(tx, list(refused), world.clock.now())
    return refused


def _bind(tx: Tx, servers: Sequence[Server], world: World) -> dict[str, errors.ToftError]:
    asked = [(s, i, ask.port_id) for s in servers for i, ask in enumerate(s.asks or ()) if ask.port_id]
    given = ports.get(tx, [port_id for _, _, port_id in asked], lock=True)
    refused: dict[str, errors.ToftError] = {}
    bound: dict[str, Port] = {}
    for server, position, port_id in asked:
        port = bound.get(port_id) or given.get(port_id)
        if port is None:
            refused[server.id] = errors.NotFound(f"port {port_id} was deleted before the server was built")
        elif port.device_id not in ("", server.id):
            refused[server.id] = errors.Conflict(f"port {port_id} is in use by server {port.device_id}")
        else:
            bound[port_id] = _bound(port, server, position, world)
    ports.save(tx, list(bound.values()))
    return refused


def _bound(port: Port, server: Server, position: int, world: World) -> Port:
    return replace(
        port,
        device_id=server.id,
        device_owner=ports.COMPUTE,
        host_id=server.host_id,
        position=position,
        updated_at=world.clock.now(),
    )


def _make(tx: Tx, servers: Sequence[Server], world: World) -> dict[str, errors.ToftError]:
    wishes = _wishes(servers, ports.of_servers(tx, [s.id for s in servers]))
    made = ports.allocate(tx, wishes, now=world.clock.now(), ids=world.ids, limits=world.settings.quota)
    pairs = zip(wishes, made, strict=True)
    return {wish.device_id: result for wish, result in pairs if isinstance(result, errors.ToftError)}


def _wishes(servers: Sequence[Server], owned: Mapping[str, Sequence[Port]]) -> list[ports.PortWish]:
    return [
        _wish(server, position, ask)
        for server in servers
        for position, ask in enumerate(server.asks or ())
        if ask.port_id is None and position not in {port.position for port in owned[server.id]}
    ]


def _wish(server: Server, position: int, ask: NetworkAsk) -> ports.PortWish:
    assert ask.network_id is not None, "a network ask names a port or a network"
    return ports.PortWish(
        network_id=ask.network_id,
        project_id=server.project_id,
        address=ask.address,
        device_id=server.id,
        device_owner=ports.COMPUTE,
        host_id=server.host_id,
        made_by_server=True,
        position=position,
    )
