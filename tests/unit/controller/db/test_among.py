"""``IN`` with one parameter, on both databases."""

import pytest
import sqlalchemy as sa

from controller.db import tables
from controller.db.among import among, listed
from controller.db.engine import Store

PROJECT = tables.project
NAMES = ["a", "b", "'; --", 'naïve 🐄 \\ "x"', "%s"]


@pytest.mark.parametrize("wanted", [[], ["a"], ["b", "b", "nobody"], NAMES])
def test_what_is_among_the_texts_is_found(store: Store, wanted: list[str]) -> None:
    with store.tx() as tx:
        tx.put(PROJECT, [{"id": name, "name": name} for name in NAMES])
        found = tx.rows(sa.select(PROJECT.c.id).where(among(PROJECT.c.id, "ids")), ids=listed(wanted))
    assert {name for (name,) in found} == set(wanted) & set(NAMES)
