"""Controllers in SQL: who is there, and where."""

from datetime import datetime

import sqlalchemy as sa

from common.model.controller import Controller
from controller.db import tables
from controller.db.engine import Tx
from controller.db.records import Noun

CONTROLLERS = Noun(Controller, tables.controller)
_c = tables.controller.c


def listing(tx: Tx) -> list[Controller]:
    """Read all that ever were, and were not forgotten, by name."""
    return CONTROLLERS.read(tx, CONTROLLERS.select().order_by(_c.name))


def alive(tx: Tx, since: datetime) -> dict[str, Controller]:
    """Read those that were seen after ``since``, by name."""
    return {c.name: c for c in CONTROLLERS.read(tx, CONTROLLERS.select().where(_c.seen_at > since).order_by(_c.name))}


def write(tx: Tx, controller: Controller) -> None:
    """Write a controller's row, whether it is there or not."""
    tx.ensure(tables.controller, [CONTROLLERS.row(controller)])
    tx.change(tables.controller, [CONTROLLERS.row(controller)], where=("name",))


def leave(tx: Tx, name: str) -> None:
    """Remove a controller that has stopped."""
    tx.do(sa.delete(tables.controller).where(_c.name == name))


def answers(tx: Tx) -> None:
    """Ask the database for as little as can be."""
    tx.one(sa.select(sa.literal(1)))
