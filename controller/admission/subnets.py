"""Changes of subnets: IPv4 ranges, one for each network, that share no address with another or with a host's routes."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, ip_network
from itertools import pairwise
from typing import Any, ClassVar

import msgspec

from common import errors
from common.ids import bridge_name
from common.model import Record
from common.model.network import Network, Subnet
from common.wire import Route
from controller.admission.networks import owned_network
from controller.db import hosts, networks, ports, subnets
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change

Pools = tuple[tuple[str, str], ...]


class SubnetSpec(Record, frozen=True):
    """A subnet to be made. ``gateway_ip`` None: no gateway; "": the first address. ``pools`` None: all there is."""

    network_id: str
    cidr: str
    name: str = ""
    description: str = ""
    gateway_ip: str | None = ""
    pools: Pools | None = None
    dns_nameservers: tuple[str, ...] = ()
    enable_dhcp: bool = True


class CreateSubnets(Change[list[Subnet]], frozen=True, kw_only=True):
    """Make subnets: all or none. ``project_id`` None: in whosever network."""

    returns: ClassVar[Any] = list[Subnet]

    specs: tuple[SubnetSpec, ...]
    project_id: str | None

    def apply(self, tx: Tx, world: World) -> list[Subnet]:
        """Insert them.

        :raises BadRequest: a range, gateway or pool does not make sense.
        :raises NotFound: the project has no such network.
        :raises Conflict: the network has a subnet, or the range is in use elsewhere.
        """
        subnets.lock_ranges(tx, world.clock.now())
        return [self._create(tx, world, spec) for spec in self.specs]

    def _create(self, tx: Tx, world: World, spec: SubnetSpec) -> Subnet:
        network = owned_network(tx, spec.network_id, self.project_id)
        cidr = usable_range(spec.cidr)
        gateway = str(cidr[1]) if spec.gateway_ip == "" else spec.gateway_ip
        _check_inside(cidr, "gateway_ip", [gateway] if gateway else [])
        _refuse_taken(tx, cidr, network, operator=self.project_id is None)
        subnet = Subnet(
            id=world.ids(),
            network_id=network.id,
            project_id=network.project_id,
            name=spec.name,
            description=spec.description,
            cidr=str(cidr),
            gateway_ip=gateway,
            pools=whole_pools(cidr, gateway) if spec.pools is None else checked_pools(cidr, gateway, spec.pools),
            dns_nameservers=tuple(str(_address("dns_nameservers", server)) for server in spec.dns_nameservers),
            enable_dhcp=spec.enable_dhcp,
            created_at=world.clock.now(),
            updated_at=world.clock.now(),
        )
        subnets.add(tx, subnet)
        return subnet


class DeleteSubnet(Change[None], frozen=True, kw_only=True):
    """Delete a subnet. ``project_id`` None: whosever it is."""

    id: str
    project_id: str | None

    def apply(self, tx: Tx, world: World) -> None:
        """Delete it.

        :raises NotFound: the project has none such.
        :raises Conflict: ports have addresses of it.
        """
        subnet = subnets.find(tx, self.id, self.project_id)
        if subnet is None:
            raise errors.NotFound(f"Subnet {self.id} could not be found.")
        owned_network(tx, subnet.network_id, self.project_id)
        subnets.of_networks(tx, [subnet.network_id], lock=True)
        in_use = [port for port in ports.of_network(tx, subnet.network_id) if port.subnet_id == self.id]
        if in_use:
            raise errors.Conflict(
                f"{len(in_use)} ports have addresses of subnet {self.id}; delete {in_use[0].id} first"
            )
        subnets.remove(tx, self.id)


def usable_range(text: str) -> IPv4Network:
    """Read a range that guests can be given addresses of; host bits are cut off.

    :raises BadRequest: it is none, or IPv6, or too small or large, or of a kind that is never routed.
    """
    try:
        cidr = ip_network(text, strict=False)
    except ValueError as error:
        raise errors.BadRequest(f"cidr {text!r} is not a range such as 10.7.0.0/24") from error
    if not isinstance(cidr, IPv4Network):
        raise errors.BadRequest(f"cidr {text}: only IPv4 is supported yet")
    if not 8 <= cidr.prefixlen <= 29:
        raise errors.BadRequest(f"cidr {text}: the prefix must be from /8 to /29")
    if cidr.is_loopback or cidr.is_multicast or cidr.is_link_local or cidr.is_unspecified or cidr[0].is_reserved:
        raise errors.BadRequest(f"cidr {text} is a range that is never routed; choose another, such as 10.7.0.0/24")
    return cidr


def whole_pools(cidr: IPv4Network, gateway: str | None) -> Pools:
    """Give the pools that hold every address of ``cidr`` but its ends and its gateway."""
    first, last = int(cidr[1]), int(cidr[-2])
    gap = int(IPv4Address(gateway)) if gateway else last + 1
    spans = [(first, min(gap - 1, last)), (gap + 1, last)]
    return tuple((str(IPv4Address(low)), str(IPv4Address(high))) for low, high in spans if low <= high)


def checked_pools(cidr: IPv4Network, gateway: str | None, pools: Pools) -> Pools:
    """Give pools in order, if they are sound.

    :raises BadRequest: one is outside of ``cidr``, runs backwards, or overlaps another.
    :raises Conflict: one holds the gateway.
    """
    _check_inside(cidr, "allocation_pools", [address for pool in pools for address in pool])
    spans = sorted((IPv4Address(first), IPv4Address(last)) for first, last in pools)
    if any(first > last for first, last in spans):
        raise errors.BadRequest("allocation_pools: a pool's start comes after its end")
    if any(before[1] >= after[0] for before, after in pairwise(spans)):
        raise errors.BadRequest("allocation_pools: two pools overlap")
    if gateway and any(first <= IPv4Address(gateway) <= last for first, last in spans):
        raise errors.Conflict(f"allocation_pools: the gateway {gateway} is in one of them")
    return tuple((str(first), str(last)) for first, last in spans)


def _address(field: str, text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError as error:
        raise errors.BadRequest(f"{field}: {text!r} is not an IPv4 address") from error


def _check_inside(cidr: IPv4Network, field: str, addresses: Sequence[str]) -> None:
    for address in addresses:
        if not cidr[0] < _address(field, address) < cidr[-1]:
            raise errors.BadRequest(f"{field}: {address} is not an address that {cidr} can give")


def _refuse_taken(tx: Tx, cidr: IPv4Network, network: Network, operator: bool) -> None:
    """Hosts route every subnet, so none may share an address with another or with what a host routes anyway.

    Only operators are told of other projects' ranges, and of hosts.
    """
    if subnets.of_networks(tx, [network.id]):
        raise errors.Conflict(f"network {network.id} has a subnet; a network has one for now, make another network")
    for other in subnets.overlapping(tx, cidr):
        known = other.cidr if operator or other.project_id == network.project_id else "a range"
        raise errors.Conflict(f"cidr {cidr} overlaps {known} of another network; choose another range")
    known_bridges = {bridge_name(network_id) for network_id in networks.ids(tx)}
    for host in hosts.listing(tx):
        for route in _routes(host.inventory.get("routes"), known_bridges):
            if route.overlaps(cidr):
                known = f"{route}, which host {host.name} routes" if operator else "a range that hosts route themselves"
                raise errors.Conflict(f"cidr {cidr} overlaps {known}; choose another")


def _routes(listed: object, known_bridges: set[str]) -> list[IPv4Network]:
    """Give a host's IPv4 routes but its default one, which everything overlaps, and those to networks of ours.

    A bridge of ours whose network is not known any more (the database is another one) is in the way like any other.
    """
    routes = msgspec.convert(listed or [], list[Route])
    others = [ip_network(route.cidr, strict=False) for route in routes if route.device not in known_bridges]
    return [network for network in others if isinstance(network, IPv4Network) and network.prefixlen > 0]
