"""Pieces: CPUs for dedicated use and devices, of which each is had by one server at most."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import Table

from controller.db import tables
from controller.db.among import among, listed
from controller.db.engine import Tx

Kind = TypeVar("Kind", bound="Cpu | Device")


class Cpu(NamedTuple):
    """A CPU that one vCPU may have for itself: its cell, and its core, named by the first of its threads."""

    cpu: int
    cell: int
    core: int


class Device(NamedTuple):
    """A device that one server may have. ``cell`` None: not known."""

    address: str
    device_class: str
    cell: int | None = None
    attributes: Mapping[str, Any] = {}


class Held(NamedTuple, Generic[Kind]):
    """A piece in the ledger: who has it, and whether its host has it no more."""

    piece: Kind
    server: str | None
    gone: bool

    def differs(self, piece: Kind) -> bool:
        """Say whether its host reports it otherwise."""
        return self.gone or self.piece != piece


class Pieces(Generic[Kind]):
    """One kind of pieces: its table; ``columns`` are those of its fields, the first is its key beside the host."""

    def __init__(self, kind: type[Kind], table: Table, columns: Sequence[str], word: str) -> None:
        self.table, self.key = table, columns[0]
        self._where = ("host_id", self.key)
        self._kind, self._columns, self._word = kind, columns, word
        c = table.c
        of_host = sa.select(c.host_id, c.server_id, c.gone, *(c[name] for name in columns)).order_by(c[self.key])
        self._of_hosts = of_host.where(among(c.host_id, "hosts"))
        self._gone = sa.select(c[self.key]).where(c.host_id == sa.bindparam("host"), c.gone).order_by(c[self.key])
        mine = among(c.server_id, "servers")
        self._leave = sa.delete(table).where(mine, c.gone)
        self._free = sa.update(table).where(mine).values(server_id=None)

    def read(self, tx: Tx, hosts: Iterable[str]) -> dict[str, list[Held[Kind]]]:
        """Read hosts' pieces, by host and in the order of their keys; a host without any is left out."""
        found: dict[str, list[Held[Kind]]] = {}
        for host, server, gone, *fields in tx.rows(self._of_hosts, hosts=listed(hosts)):
            found.setdefault(host, []).append(Held(self._kind(*fields), server, gone))
        return found

    def gone(self, tx: Tx, host: str) -> list[str]:
        """Give in words what servers have and a host has no more."""
        return [f"{self._word} {key}" for (key,) in tx.rows(self._gone, host=host)]

    def sync(self, tx: Tx, host: str, has: Sequence[Kind]) -> bool:
        """Write what a locked host has; what a server has stays until it is released. Says whether that is news."""
        known = {held.piece[0]: held for held in self.read(tx, [host]).get(host, [])}
        now = {piece[0]: piece for piece in has}
        new = [self._row(host, piece) | {"server_id": None} for key, piece in now.items() if key not in known]
        changed = [self._row(host, piece) for key, piece in now.items() if key in known and known[key].differs(piece)]
        missing = [held for key, held in known.items() if key not in now and not held.gone]
        changed += [self._row(host, held.piece, gone=True) for held in missing if held.server]
        tx.put(self.table, new)
        tx.change(self.table, changed, where=self._where)
        unused = [{"host_id": host, self.key: held.piece[0]} for held in missing if not held.server]
        tx.remove(self.table, unused, where=self._where)
        return bool(new or changed or unused)

    def _row(self, host: str, piece: Kind, gone: bool = False) -> dict[str, Any]:
        return {"host_id": host, "gone": gone} | dict(zip(self._columns, piece, strict=True))

    def take(self, tx: Tx, wanted: Iterable[tuple[str, str, int | str]]) -> bool:
        """Give (host, server, key) pieces to servers; says whether all of them were there and nobody's."""
        rows = [{"host_id": host, self.key: key, "server_id": server} for host, server, key in wanted]
        return tx.change(self.table, rows, where=self._where, empty=("server_id",)) == len(rows)

    def free(self, tx: Tx, servers: Iterable[str]) -> None:
        """Take back what servers have; what their hosts have no more goes."""
        names = listed(servers)
        tx.do(self._leave, servers=names)
        tx.do(self._free, servers=names)


CPUS = Pieces(Cpu, tables.cpu, ("cpu", "cell", "core"), "CPU")
DEVICES = Pieces(Device, tables.device, ("address", "class", "cell", "attributes"), "device")
