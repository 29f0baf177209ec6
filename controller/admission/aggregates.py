"""Changes of aggregates that operators make, and of the availability zones that they are."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from common import errors
from common.model.aggregate import DEFAULT_ZONE, ZONE, Aggregate
from controller.db import aggregates, hosts, servers
from controller.db.engine import Tx
from controller.scheduler.belonging import POLICY
from controller.workflow import capacity, ratios
from controller.workflow.world import World
from controller.writer import Change

ITEMS = 128
"""Items of metadata that one aggregate may have."""


class CreateAggregate(Change[Aggregate], frozen=True, kw_only=True):
    """Make an aggregate without hosts; with a zone, it is one as soon as it has any."""

    returns: ClassVar[Any] = Aggregate

    name: str
    zone: str | None = None

    def apply(self, tx: Tx, world: World) -> Aggregate:
        """Insert it.

        :raises Conflict: the name is taken.
        """
        metadata = {} if self.zone is None else {ZONE: self.zone}
        made = Aggregate(id=world.ids(), number=0, name=self.name, created_at=world.clock.now(), metadata=metadata)
        return aggregates.add(tx, made)


class UpdateAggregate(Change[Aggregate], frozen=True, kw_only=True):
    """Give an aggregate another name (None: the one it has) and change its metadata; an item that is None goes."""

    returns: ClassVar[Any] = Aggregate

    number: int
    name: str | None = None
    metadata: dict[str, str | None] = {}

    def apply(self, tx: Tx, world: World) -> Aggregate:
        """Write it.

        :raises NotFound: there is no such aggregate.
        :raises Conflict: the name is taken.
        :raises BadRequest: it would have too many items, or a ratio or policy that is none, or a host would be in two
            zones, or servers would be in another zone than they asked for.
        """
        known = _known(tx)
        before = _named(known, self.number)
        items = before.metadata | self.metadata
        metadata = {key: value for key, value in items.items() if value is not None}
        if len(metadata) > ITEMS:
            raise errors.BadRequest(f"an aggregate may have {ITEMS} items of metadata at most")
        after = replace(before, name=self.name or before.name, metadata=metadata, updated_at=world.clock.now())
        ratios.check(self.metadata)
        _check_policy(self.metadata.get(POLICY))
        aggregates.save(tx, after)
        if ratios.differ(before.metadata, metadata):
            capacity.promise_anew(tx, after.hosts, world)
        try:
            _check_zones(tx, known, {**known, self.number: after}, after.hosts)
        except errors.Conflict as refusal:  # what stands in the way of a host is, for an aggregate, a wrong zone
            raise errors.BadRequest(refusal.message) from refusal
        return after


class DeleteAggregate(Change[None], frozen=True, kw_only=True):
    """Delete an aggregate."""

    number: int

    def apply(self, tx: Tx, world: World) -> None:
        """Delete it.

        :raises NotFound: there is no such aggregate.
        :raises BadRequest: hosts are in it.
        """
        if _named(_known(tx), self.number).hosts:
            raise errors.BadRequest(f"Aggregate {self.number} is not empty: remove its hosts first")
        aggregates.remove(tx, self.number)


class AddHost(Change[Aggregate], frozen=True, kw_only=True):
    """Put a host into an aggregate."""

    returns: ClassVar[Any] = Aggregate

    number: int
    host: str

    def apply(self, tx: Tx, world: World) -> Aggregate:
        """Write it.

        :raises NotFound: there is no such aggregate, or no such host.
        :raises Conflict: it is there already, or is in another zone, or has servers that asked for another one.
        """
        known = _known(tx)
        before, host = _named(known, self.number), _host(tx, self.host)
        if host in before.hosts:
            raise errors.Conflict(f"Aggregate {self.number} already has host {self.host}.")
        aggregates.join(tx, self.number, host)
        return _moved(tx, known, replace(before, hosts=(*before.hosts, host)), host, world)


class RemoveHost(Change[Aggregate], frozen=True, kw_only=True):
    """Take a host out of an aggregate."""

    returns: ClassVar[Any] = Aggregate

    number: int
    host: str

    def apply(self, tx: Tx, world: World) -> Aggregate:
        """Write it.

        :raises NotFound: there is no such aggregate, or the host is not in it.
        :raises Conflict: the host has servers that asked for the zone it would leave.
        """
        known = _known(tx)
        before, host = _named(known, self.number), _host(tx, self.host)
        if host not in before.hosts:
            raise errors.NotFound(f"Aggregate {self.number} has no host {self.host}.")
        aggregates.leave(tx, self.number, host)
        left = tuple(other for other in before.hosts if other != host)
        return _moved(tx, known, replace(before, hosts=left), host, world)


def _known(tx: Tx) -> dict[int, Aggregate]:
    return {made.number: made for made in aggregates.lock_all(tx)}


def missing(number: object) -> errors.NotFound:
    """Say that there is no such aggregate."""
    return errors.NotFound(f"Aggregate {number} could not be found.")


def _check_policy(said: str | None) -> None:
    if said not in (None, "pack", "spread"):
        raise errors.BadRequest(f"{POLICY}: write pack or spread, not {said}")


def _named(known: Mapping[int, Aggregate], number: int) -> Aggregate:
    if number not in known:
        raise missing(number)
    return known[number]


def _host(tx: Tx, name: str) -> str:
    host = hosts.named(tx, name)
    if host is None:
        raise errors.NotFound(f"Compute host {name} could not be found.")
    return host.id


def _moved(tx: Tx, known: Mapping[int, Aggregate], after: Aggregate, host: str, world: World) -> Aggregate:
    if ratios.differ({}, after.metadata):
        capacity.promise_anew(tx, [host], world)
    _check_zones(tx, known, {**known, after.number: after}, [host])
    return after


def _check_zones(
    tx: Tx, before: Mapping[int, Aggregate], after: Mapping[int, Aggregate], touched: Iterable[str]
) -> None:
    """See that each of these hosts, which are locked, is in one zone, and that its servers asked for no other.

    :raises Conflict: one is not; names it.
    """
    for host in touched:
        zones = _zones(after.values(), host)
        if len(zones) > 1:
            raise errors.Conflict(f"host {_name(tx, host)} would be in two availability zones: {', '.join(zones)}")
        now = zones[0] if zones else DEFAULT_ZONE
        bound = servers.bound_elsewhere(tx, [host], now) if zones != _zones(before.values(), host) else {}
        if bound:
            raise errors.Conflict(
                f"{bound[host]} servers on host {_name(tx, host)} asked for another zone than {now}: "
                "delete or move them first"
            )


def _zones(known: Iterable[Aggregate], host: str) -> list[str]:
    return sorted({made.zone for made in known if made.zone is not None and host in made.hosts})


def _name(tx: Tx, host: str) -> str:
    return hosts.names(tx, [host])[host]
