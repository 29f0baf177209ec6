"""Keypairs in SQL: each is one user's, and named by that user."""

from collections.abc import Collection

import sqlalchemy as sa

from common.model.keypair import Keypair
from controller.db import tables
from controller.db.engine import Tx
from controller.db.paging import Page, Paged, page_of
from controller.db.records import Noun

KEYPAIRS = Noun(Keypair, tables.keypair)


def find(tx: Tx, user_id: str, name: str) -> Keypair | None:
    """Read a user's keypair."""
    c = tables.keypair.c
    return KEYPAIRS.first(tx, KEYPAIRS.select().where(c.user_id == user_id, c.name == name))


def get(tx: Tx, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], Keypair]:
    """Read keypairs by (user, name); asking for none is free."""
    if not names:
        return {}
    c = tables.keypair.c
    found = KEYPAIRS.read(tx, KEYPAIRS.select().where(sa.tuple_(c.user_id, c.name).in_(list(names))))
    return {(key.user_id, key.name): key for key in found}


def listing(tx: Tx, user_id: str, page: Page) -> Paged[Keypair]:
    """Read a page of a user's keypairs, by name; markers are names."""
    return page_of(tx, KEYPAIRS, [tables.keypair.c.user_id == user_id], page, key="name")


def add(tx: Tx, keypair: Keypair) -> None:
    """Insert a keypair.

    :raises Conflict: the user has one of that name.
    """
    KEYPAIRS.add(tx, [keypair])


def remove(tx: Tx, user_id: str, name: str) -> bool:
    """Delete a keypair; says whether it was there. Servers keep the public key they were made with."""
    return tx.remove(tables.keypair, [{"user_id": user_id, "name": name}], where=("user_id", "name")) > 0
