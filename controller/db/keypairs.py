"""Keypairs in SQL: each is one user's, and named by that user."""

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
