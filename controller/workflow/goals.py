"""Goals: how each server is to be on its host, made of the tables alone, so that anyone can make them again."""

from collections.abc import Mapping, Sequence

from common import wire
from common.hostname import hostname_of
from common.model.image import Image
from common.model.network import Network, Port, Subnet
from common.model.server import Server
from common.states import Power
from controller.db import images, networks, outbox, ports, subnets, workflows
from controller.db.engine import Tx
from controller.workflow.world import World

RESTART = "restart"
"""Where a server.reboot keeps ``soft`` or ``hard`` in its data."""


def goals(tx: Tx, servers: Sequence[Server], world: World) -> dict[str, wire.Goal]:
    """Make the goal of each server, at its present generation."""
    staying = [s for s in servers if s.power is not Power.GONE]
    going = [s for s in servers if s.power is Power.GONE]
    return _going(tx, going) | (_staying(tx, staying) if staying else {})


def _going(tx: Tx, servers: Sequence[Server]) -> dict[str, wire.Goal]:
    """Name the ports too: an agent that lost its journal knows of no others to take back."""
    nics = _nics(tx, [s.id for s in servers]) if servers else {}
    return {s.id: wire.Goal(server=s.id, generation=s.generation, power=Power.GONE, ports=nics[s.id]) for s in servers}


def _staying(tx: Tx, servers: Sequence[Server]) -> dict[str, wire.Goal]:
    ids = [s.id for s in servers]
    pictures = images.get(tx, sorted({s.image_id for s in servers}))
    nics = _nics(tx, ids)
    restarts = {subject: work.data.get(RESTART) for subject, work in workflows.live(tx, ids).items()}
    return {
        s.id: wire.Goal(
            server=s.id,
            generation=s.generation,
            power=Power.ON if s.power is Power.ON else Power.OFF,
            restart=restarts.get(s.id),
            guest=s.guest,
            image=image_source(pictures.get(s.image_id)),
            ports=nics[s.id],
            drive=_drive(s),
            hardware=s.hardware,
            placement=s.place,
        )
        for s in servers
    }


def image_source(image: Image | None) -> wire.ImageSource | None:
    """Say where a root disk comes from; None when the image is gone or never had its bytes."""
    if image is None or image.digest is None or image.disk_format not in ("qcow2", "raw"):
        return None
    return wire.ImageSource(
        digest=image.digest,
        format="qcow2" if image.disk_format == "qcow2" else "raw",
        size=image.size or 0,
        virtual_size=image.virtual_size or 0,
    )


def _nics(tx: Tx, servers: Sequence[str]) -> dict[str, tuple[wire.PortGoal, ...]]:
    owned = ports.of_servers(tx, servers)
    ids = sorted({port.network_id for some in owned.values() for port in some})
    nets, ranges = networks.get(tx, ids), subnets.of_networks(tx, ids)
    lines = {network: _network(nets[network], ranges.get(network)) for network in ids}
    return {server: tuple(_port(port, lines) for port in some) for server, some in owned.items()}


def _port(port: Port, lines: Mapping[str, wire.NetworkGoal]) -> wire.PortGoal:
    return wire.PortGoal(id=port.id, network=lines[port.network_id], mac=port.mac, address=port.address)


def _network(network: Network, subnet: Subnet | None) -> wire.NetworkGoal:
    if subnet is None:
        return wire.NetworkGoal(id=network.id, cidr="", gateway=None, mtu=network.mtu, dhcp=False)
    return wire.NetworkGoal(
        id=network.id,
        cidr=subnet.cidr,
        gateway=subnet.gateway_ip,
        dns=subnet.dns_nameservers,
        mtu=network.mtu,
        dhcp=subnet.enable_dhcp,
    )


def _drive(server: Server) -> wire.DriveGoal | None:
    if not server.config_drive:
        return None
    return wire.DriveGoal(
        hostname=hostname_of(server.name, server.id),
        name=server.name,
        project=server.project_id,
        launch_index=server.launch_index,
        metadata=server.metadata,
        keys={server.key_name: server.public_key} if server.key_name and server.public_key else {},
        user_data=server.user_data,
    )


def send(tx: Tx, servers: Sequence[Server], world: World, host: str | None = None) -> None:
    """Write commands that bring these servers to their goals, to ``host`` or to each one's own host.

    They take the place of those that were not published yet. A server without a host is passed over.
    """
    wished = goals(tx, servers, world)
    now = world.clock.now()
    to = {s.id: host or s.host_id for s in servers}
    entries = [
        outbox.Entry(
            id=world.ids(),
            host_id=where,
            verb="converge",
            body=wire.pack(wished[server.id]).decode(),
            server_id=server.id,
            generation=server.generation,
            request_id=server.request_id,
            created_at=now,
            retry_at=now,
            expires_in=world.settings.controller.command_seconds,
        )
        for server in servers
        if (where := to[server.id])
    ]
    outbox.replace_goals(tx, entries)
