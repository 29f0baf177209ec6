"""Marks: what all controllers of one database must agree on, by name."""

import sqlalchemy as sa

from controller.db import tables
from controller.db.engine import Tx

_c = tables.mark.c


def claim(tx: Tx, name: str, value: str) -> str:
    """Give the mark of that name, locked; where there is none yet, ``value`` becomes it."""
    tx.ensure(tables.mark, [{"name": name, "value": value}])
    ((kept,),) = tx.rows(sa.select(_c.value).where(_c.name == name).with_for_update())
    return str(kept)


def write(tx: Tx, name: str, value: str) -> None:
    """Change a mark that was claimed."""
    tx.change(tables.mark, [{"name": name, "value": value}], where=("name",))
