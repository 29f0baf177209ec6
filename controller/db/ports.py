"""Ports in SQL, and how they get and give back their addresses, for whole batches at once."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa
from msgspec.structs import replace

from common import errors
from common.ids import Ids, tap_name
from common.model.network import Port, Subnet
from common.settings import Quota
from controller.db import quotas, subnets, tables
from controller.db.addresses import Space, pooled
from controller.db.among import among, listed
from controller.db.engine import Tx
from controller.db.records import Noun

PORTS = Noun(Port, tables.port)
COMPUTE = "compute:nova"
"""The device owner of a server's ports, as OpenStack's clients know it."""

_OF_SERVERS = PORTS.select().where(among(tables.port.c.device_id, "servers")).order_by(tables.port.c.id)


class PortWish(NamedTuple):
    """A port to be made: where, for whom, and what it asks for. Without ``address`` the subnet's next one.

    ``subnet_id`` only insists: the address is of the network's one subnet.
    """

    network_id: str
    project_id: str
    subnet_id: str | None = None
    address: str | None = None
    mac: str | None = None
    name: str = ""
    description: str = ""
    device_id: str = ""
    device_owner: str = ""
    host_id: str | None = None
    made_by_server: bool = False
    position: int = 0
    admin_state_up: bool = True


def add(tx: Tx, ports: Sequence[Port]) -> None:
    """Insert ports, each with the name of its tap device.

    :raises Conflict: an address, a MAC or a tap name is taken.
    """
    tx.put(tables.port, [PORTS.row(port) | {"tap": tap_name(port.id)} for port in ports])


def get(tx: Tx, ids: Iterable[str], lock: bool = False) -> dict[str, Port]:
    """Read ports by id, of whomever."""
    return {p.id: p for p in _read(tx, tables.port.c.id.in_(sorted(set(ids))), lock)}


def find(tx: Tx, port_id: str, project_id: str | None = None, lock: bool = False) -> Port | None:
    """Read a port; with a project only its own."""
    port = get(tx, [port_id], lock).get(port_id)
    return port if port and project_id in (None, port.project_id) else None


def of_network(tx: Tx, network_id: str) -> list[Port]:
    """Read all ports of a network, whosever they are."""
    return _read(tx, tables.port.c.network_id == network_id, lock=False)


def of_servers(tx: Tx, servers: Iterable[str], lock: bool = False) -> dict[str, list[Port]]:
    """Read the ports of each server, in the order of its NICs; a server without any has an empty list."""
    found: dict[str, list[Port]] = {server: [] for server in servers}
    there = PORTS.read(tx, _OF_SERVERS, lock, servers=listed(found))
    for port in sorted(there, key=lambda p: (p.position, p.id)):
        found[port.device_id].append(port)
    return found


def _read(tx: Tx, where: sa.ColumnElement[bool], lock: bool) -> list[Port]:
    statement = PORTS.select().where(where).order_by(tables.port.c.id)
    return PORTS.read(tx, statement, lock)


def save(tx: Tx, ports: Sequence[Port]) -> None:
    """Write ports that are there already, whole."""
    PORTS.save(tx, ports)


def allocate(
    tx: Tx, wishes: Sequence[PortWish], *, now: datetime, ids: Ids, limits: Quota
) -> list[Port | errors.ToftError]:
    """Make a port for each wish, with a MAC and (where its network has a subnet) an address; count them in the quota.

    One that cannot be has its refusal in its place and stops nobody: QuotaExceeded, BadRequest for an address that the
    subnet cannot have, Conflict for an address or MAC in use, or when no address is left.
    """
    over = _over_quota(tx, wishes, limits)
    maker = _Maker(tx, wishes, now, ids)
    results = [over[i] if i in over else maker.port(wish) for i, wish in enumerate(wishes)]
    unmade = [w for i, w in enumerate(wishes) if i not in over and not isinstance(results[i], Port)]
    for project, count in Counter(wish.project_id for wish in unmade).items():
        quotas.free(tx, project, {"ports": count})
    made = [port for port in results if isinstance(port, Port)]
    add(tx, made)
    maker.note_reached(tx)
    taken = [{"subnet_id": port.subnet_id, "address": port.address} for port in made if port.address]
    tx.remove(tables.freed_address, taken, where=("subnet_id", "address"))
    return results


def release(tx: Tx, servers: Iterable[str], now: datetime, uncounted: Collection[str] = ()) -> None:
    """Take these servers off their ports: those that they made go, the others are free to be used again.

    :param uncounted: servers whose ports gave back their quota before (``uncount``).
    """
    ports = [port for of_one in of_servers(tx, servers, lock=True).values() for port in of_one]
    made = [port for port in ports if port.made_by_server]
    _remove(tx, made, now)
    _free_quota(tx, [port for port in made if port.device_id not in uncounted])
    save(tx, [unbound(port, now) for port in ports if not port.made_by_server])


def uncount(tx: Tx, servers: Iterable[str]) -> None:
    """Give back the quota of the ports that these servers made, once: their addresses stay taken until ``release``."""
    ports = [port for of_one in of_servers(tx, servers, lock=True).values() for port in of_one]
    _free_quota(tx, [port for port in ports if port.made_by_server])


def unbound(port: Port, now: datetime) -> Port:
    """Give the port as it is without a server."""
    return replace(port, device_id="", device_owner="", host_id=None, position=0, updated_at=now)


def delete(tx: Tx, ports: Sequence[Port], now: datetime) -> None:
    """Delete ports, remember when their addresses became free, and give back their quota."""
    _remove(tx, ports, now)
    _free_quota(tx, ports)


def _remove(tx: Tx, ports: Sequence[Port], now: datetime) -> None:
    tx.remove(tables.port, [{"id": port.id} for port in ports])
    freed = [(port.subnet_id, port.address) for port in ports if port.address]
    tx.put(tables.freed_address, [{"subnet_id": s, "address": a, "freed_at": now} for s, a in freed])


def _free_quota(tx: Tx, ports: Sequence[Port]) -> None:
    for project, count in sorted(Counter(port.project_id for port in ports).items()):
        quotas.free(tx, project, {"ports": count})


def _over_quota(tx: Tx, wishes: Sequence[PortWish], limits: Quota) -> dict[int, errors.ToftError]:
    """Count all wishes in their projects' quotas; those that do not fit are given, by position, and not counted."""
    over: dict[int, errors.ToftError] = {}
    by_project: dict[str, list[int]] = {}
    for index, wish in enumerate(wishes):
        by_project.setdefault(wish.project_id, []).append(index)
    for project, indexes in sorted(by_project.items()):
        if _counted(tx, limits, project, len(indexes)) is not None:
            each = {index: _counted(tx, limits, project, 1) for index in indexes}
            over |= {index: refusal for index, refusal in each.items() if refusal is not None}
    return over


def _counted(tx: Tx, limits: Quota, project: str, count: int) -> errors.QuotaExceeded | None:
    try:
        quotas.count(tx, limits, project, {"ports": count})
    except errors.QuotaExceeded as error:
        return error
    return None


class _Maker:
    """Makes the ports of one batch, so that no two get the same address or MAC."""

    def __init__(self, tx: Tx, wishes: Sequence[PortWish], now: datetime, ids: Ids) -> None:
        self._now = now
        found = subnets.of_networks(tx, [wish.network_id for wish in wishes], lock=True)
        self._subnets = found
        self._spaces = _spaces(tx, list(found.values()), wishes, now)
        self._identities = _identities(tx, len(wishes), ids)
        self._macs = _macs_in_use(tx, [wish.mac for wish in wishes if wish.mac])

    def note_reached(self, tx: Tx) -> None:
        """Write where the addresses begin that were never used: the next batch need not look at those before."""
        tx.change(tables.subnet, [{"id": id_, "fresh": space.reached} for id_, space in sorted(self._spaces.items())])

    def port(self, wish: PortWish) -> Port | errors.ToftError:
        identity, mac = self._identities.pop()
        subnet = self._subnets.get(wish.network_id)
        try:
            if wish.mac in self._macs:
                raise errors.Conflict(f"MAC address {wish.mac} is in use")
            if wish.subnet_id and (not subnet or subnet.id != wish.subnet_id):
                raise errors.BadRequest(f"network {wish.network_id} has no subnet {wish.subnet_id}")
            if wish.address and not subnet:
                raise errors.BadRequest(f"network {wish.network_id} has no subnet that {wish.address} could be of")
            address = self._spaces[subnet.id].take(wish.address) if subnet else None
        except errors.ToftError as refusal:
            return refusal
        self._macs.add(wish.mac or mac)
        return Port(
            id=identity,
            created_at=self._now,
            updated_at=self._now,
            **wish._asdict() | {"mac": wish.mac or mac, "address": address, "subnet_id": subnet.id if subnet else None},
        )


def _spaces(tx: Tx, found: Sequence[Subnet], wishes: Sequence[PortWish], now: datetime) -> dict[str, Space]:
    return {
        subnet.id: _space(tx, subnet, [w for w in wishes if w.network_id == subnet.network_id], now) for subnet in found
    }


def _space(tx: Tx, subnet: Subnet, wishes: Sequence[PortWish], now: datetime) -> Space:
    """Read what a batch needs of a subnet: the next addresses that were never used; all of it where these are not."""
    row = tx.one(sa.select(tables.subnet.c.fresh).where(tables.subnet.c.id == subnet.id))
    start = (row[0] if row else None) or 0
    asked = [wish.address for wish in wishes if wish.address]
    wanted = len(wishes) - len(asked)
    window = [address for _, address in islice(pooled(subnet, start), wanted + 1)]  # one of them may be the gateway's
    used, freed = _taken(tx, subnet, [*window, *asked])
    if len(set(window) - used - freed.keys() - {subnet.gateway_ip}) >= wanted:
        return Space(subnet, used, freed, now, start)
    return Space(subnet, *_taken(tx, subnet, None), now)


def _taken(tx: Tx, subnet: Subnet, some: Sequence[str] | None) -> tuple[set[str], dict[str, datetime]]:
    """Read which addresses are in use, and when others were given back; of all unless some are named."""
    port, freed = tables.port.c, tables.freed_address.c
    used = sa.select(port.address).where(port.subnet_id == subnet.id, port.address.is_not(None))
    back = sa.select(freed.address, freed.freed_at).where(freed.subnet_id == subnet.id)
    if some is not None:
        used, back = used.where(port.address.in_(some)), back.where(freed.address.in_(some))
    return {address for (address,) in tx.rows(used)}, dict(tx.rows(back))


def mac_of(port_id: str) -> str:
    """Give the locally administered MAC that a port's id stands for, from its random end."""
    end = port_id.replace("-", "")[-6:]
    return f"fa:16:3e:{end[:2]}:{end[2:4]}:{end[4:]}"


def _macs_in_use(tx: Tx, macs: Sequence[str]) -> set[str]:
    return {mac for (mac,) in tx.rows(sa.select(tables.port.c.mac).where(tables.port.c.mac.in_(macs)))}


def _identities(tx: Tx, count: int, ids: Ids) -> list[tuple[str, str]]:
    """Draw ids for ports until their MACs are all free: (id, MAC), newest first."""
    drawn: dict[str, str] = {}
    while len(drawn) < count:
        more = {mac_of(identity): identity for identity in (ids() for _ in range(count - len(drawn)))}
        used = _macs_in_use(tx, list(more))
        drawn |= {mac: identity for mac, identity in more.items() if mac not in used and mac not in drawn}
    return [(identity, mac) for mac, identity in reversed(drawn.items())]
