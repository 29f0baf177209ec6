"""Flavors in SQL."""

from collections.abc import Iterable

import sqlalchemy as sa

from common import errors
from common.model.flavor import Flavor
from controller.db import tables
from controller.db.among import among, listed
from controller.db.engine import Tx
from controller.db.paging import Page, Paged, page_of
from controller.db.records import Noun

FLAVORS = Noun(Flavor, tables.flavor)
_NAMED = FLAVORS.select().where(among(tables.flavor.c.id, "ids"))


def find(tx: Tx, flavor_id: str, all_of_them: bool = True, lock: bool = False) -> Flavor | None:
    """Read a flavor; ``all_of_them`` false: only a public one."""
    c = tables.flavor.c
    statement = FLAVORS.select().where(c.id == flavor_id, *([] if all_of_them else [c.is_public]))
    return FLAVORS.first(tx, statement, lock)


def named(tx: Tx, text: str) -> Flavor | None:
    """Read the flavor of that id; else of that name."""
    c = tables.flavor.c
    return find(tx, text) or FLAVORS.first(tx, FLAVORS.select().where(c.name == text))


def get(tx: Tx, ids: Iterable[str]) -> dict[str, Flavor]:
    """Read flavors by id, those that are not public too."""
    return {f.id: f for f in FLAVORS.read(tx, _NAMED, ids=listed(ids))}


def listing(tx: Tx, page: Page, public: bool | None, min_ram: int = 0, min_disk: int = 0) -> Paged[Flavor]:
    """Read a page of the flavors that are public, or are not, or (None) all; with at least so many MiB and GiB."""
    c = tables.flavor.c
    where: list[sa.ColumnElement[bool]] = [c.ram_mib >= min_ram, c.disk_gib >= min_disk]
    if public is not None:
        where.append(c.is_public == public)
    return page_of(tx, FLAVORS, where, page)


def add(tx: Tx, flavor: Flavor) -> None:
    """Insert a flavor.

    :raises Conflict: its id or its name is taken; says which.
    """
    c = tables.flavor.c
    taken = FLAVORS.first(tx, FLAVORS.select().where((c.id == flavor.id) | (c.name == flavor.name)))
    if taken:
        what = f"ID {flavor.id}" if taken.id == flavor.id else f"name {flavor.name}"
        raise errors.Conflict(f"Flavor with {what} already exists.")
    FLAVORS.add(tx, [flavor])


def save(tx: Tx, flavor: Flavor) -> None:
    """Write a flavor that is there already."""
    FLAVORS.save(tx, [flavor])


def remove(tx: Tx, flavor_id: str) -> bool:
    """Delete a flavor; says whether it was there. Servers keep what they were made with."""
    return tx.remove(tables.flavor, [{"id": flavor_id}]) > 0
