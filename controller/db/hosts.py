"""Hosts in SQL."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from common.model.host import Host, HostState
from controller.db import tables
from controller.db.among import among, listed
from controller.db.dialect import locked
from controller.db.engine import Tx
from controller.db.records import Noun
from controller.db.stamps import Stamp

HOSTS = Noun(Host, tables.host)
_table = tables.host
_NAMES = sa.select(_table.c.id, _table.c.name).where(among(_table.c.id, "ids"))
_IN_ORDER = locked(sa.select(_table.c.id).where(among(_table.c.id, "ids")).order_by(_table.c.id))
_FEATURES = sa.select(sa.cast(_table.c.features, sa.Text)).where(_table.c.state != HostState.NEW.value).distinct()
_TOUCH = sa.update(_table).where(_table.c.id.in_(_IN_ORDER)).values(changed=Stamp(), generation=_table.c.generation + 1)


def get(tx: Tx, ids: Iterable[str], lock: bool = False) -> dict[str, Host]:
    """Read hosts by id; with ``lock`` nobody else changes them before this transaction ends."""
    statement = HOSTS.select().where(_table.c.id.in_(sorted(set(ids)))).order_by(_table.c.id)
    return {h.id: h for h in HOSTS.read(tx, statement, lock)}


def names(tx: Tx, ids: Collection[str]) -> dict[str, str]:
    """Give the names of hosts by id; asking for none is free."""
    if not ids:
        return {}
    return {str(id_): str(name) for id_, name in tx.rows(_NAMES, ids=listed(ids))}


def named(tx: Tx, name: str) -> Host | None:
    """Read the host of that name."""
    return HOSTS.first(tx, HOSTS.select().where(_table.c.name == name))


def listing(tx: Tx) -> list[Host]:
    """Read all hosts that were heard once, by name."""
    return HOSTS.read(tx, HOSTS.select().where(_table.c.state != HostState.NEW.value).order_by(_table.c.name))


def enrolled(tx: Tx) -> list[Host]:
    """Read all hosts, those that were never heard too, by name."""
    return HOSTS.read(tx, HOSTS.select().order_by(_table.c.name))


def features(tx: Tx) -> set[frozenset[str]]:
    """Give the sets of features that hosts told in their hellos; hosts that can do the same are one."""
    return {frozenset(msgspec.json.decode(text, type=list[str])) for (text,) in tx.rows(_FEATURES)}


def add(tx: Tx, host: Host) -> None:
    """Insert a host.

    :raises Conflict: its id or name is there already.
    """
    HOSTS.add(tx, [host])
    _set(tx, [host.id], {"changed": Stamp()})


def greet(tx: Tx, host: Host) -> None:
    """Write what a hello changes of a host; its ledger's generation, and what operators set, stay as they are."""
    kept = ("generation", "enabled", "disabled_reason", "closed", "usage", "muted_at", "degraded", "held")
    tx.change(_table, [{name: value for name, value in HOSTS.row(host).items() if name not in kept}])
    _set(tx, [host.id], {"changed": Stamp()})


def touch(tx: Tx, ids: Collection[str]) -> None:
    """Tell schedulers that what they see of these hosts changed; what they decided on it meanwhile does not hold."""
    tx.do(_TOUCH, ids=listed(ids))


def heard(tx: Tx, ids: Collection[str], now: datetime) -> None:
    """Note that these hosts said something."""
    _set(tx, ids, {"heard_at": now})


def lease(tx: Tx, ids: Collection[str], now: datetime, until: datetime) -> None:
    """Note that these hosts were heard and may speak until ``until``."""
    up = HostState.UP.value
    changed = sa.case((_table.c.state == up, _table.c.changed), else_=Stamp())
    generation = _table.c.generation + sa.case((_table.c.state == up, 0), else_=1)
    values = {"heard_at": now, "lease_until": until, "state": up, "changed": changed, "generation": generation}
    _set(tx, ids, values)


def _set(tx: Tx, ids: Collection[str], values: dict[str, object]) -> None:
    if ids:
        tx.do(sa.update(_table).where(_table.c.id.in_(sorted(ids))).values(values))


def write(tx: Tx, column: str, rows: dict[str, object]) -> None:
    """Write one JSON column, ``inventory`` or ``usage``, by host id."""
    tx.change(_table, [{"id": host, column: value} for host, value in sorted(rows.items())])


def silent(tx: Tx, now: datetime) -> list[Host]:
    """Lock and read the hosts whose lease has ended and that are not known to be down."""
    silent = (HostState.DOWN.value, HostState.NEW.value)
    ended = sa.and_(_table.c.lease_until <= now, _table.c.state.not_in(silent))
    return HOSTS.read(tx, HOSTS.select().where(ended).order_by(_table.c.id).with_for_update())


def set_state(tx: Tx, hosts: Sequence[Host], state: HostState) -> None:
    """Write what is known of these hosts' agents."""
    changed = {"changed": Stamp(), "generation": _table.c.generation + 1}
    _set(tx, [h.id for h in hosts], {"state": state.value, **changed})


def set_muted(tx: Tx, ids: Collection[str], at: datetime | None) -> None:
    """Write since when these hosts may not report; None: they may."""
    _set(tx, ids, {"muted_at": at})


def muted_before(tx: Tx, moment: datetime) -> list[str]:
    """Give the ids of the hosts that are muted since then or longer."""
    return [str(host) for (host,) in tx.rows(sa.select(_table.c.id).where(_table.c.muted_at <= moment))]


def remove(tx: Tx, id_: str) -> None:
    """Delete a host that has no servers, and all that hangs on it."""
    tx.do(sa.update(tables.server).where(tables.server.c.host_id == id_).values(host_id=None))  # deleted ones
    hanging = (
        *(tables.cpu, tables.device, tables.inventory, tables.aggregate_host),
        *(tables.stranger, tables.host_credential, tables.outbox),
    )
    for table in hanging:
        tx.do(sa.delete(table).where(table.c.host_id == id_))
    tx.do(sa.delete(_table).where(_table.c.id == id_))


class Stranger(NamedTuple):
    """A domain on a host that is none of ours, since when it is seen there, and why it is none."""

    host_id: str
    domain: str
    first_seen: datetime
    reason: str | None


def quarantine(tx: Tx, host: str | None = None) -> list[Stranger]:
    """Read the domains that are none of ours, of one host or of all, longest known first."""
    c = tables.stranger.c
    all_of_them = sa.select(c.host_id, c.domain, c.first_seen, c.reason).order_by(c.first_seen, c.domain)
    return [Stranger(*row) for row in tx.rows(all_of_them if host is None else all_of_them.where(c.host_id == host))]


def stranger_counts(tx: Tx) -> dict[str, int]:
    """Count likewise how many there are on each host; one without any is left out."""
    host = tables.stranger.c.host_id
    return {str(id_): int(count) for id_, count in tx.rows(sa.select(host, sa.func.count()).group_by(host))}


def strangers(tx: Tx, host: str, domains: Mapping[str, str], now: datetime) -> None:
    """Keep the list of a host's domains that are none of ours, each with the reason and when it was first seen."""
    c = tables.stranger.c
    known = {domain for (domain,) in tx.rows(sa.select(c.domain).where(c.host_id == host))}
    new = [
        {"host_id": host, "domain": domain, "first_seen": now, "reason": domains[domain]}
        for domain in sorted(domains.keys() - known)
    ]
    gone = [{"host_id": host, "domain": domain} for domain in sorted(known - domains.keys())]
    tx.put(tables.stranger, new)
    tx.remove(tables.stranger, gone, where=("host_id", "domain"))
