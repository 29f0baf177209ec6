"""``IN`` with one parameter, on both databases."""

import pytest
import sqlalchemy as sa

from controller.db import tables
from controller.db.among import among
from controller.db.engine import Store

PROJECT = tables.project
NAMES = ["a", "b", "'; --", 'naïve 🐄 \\ "x"', "%s"]


@pytest.mark.parametrize("wanted", [[], ["a"], ["b", "b", "nobody"], NAMES])
def test_what_is_among_the_texts_is_found(store: Store, wanted: list[str]) -> None:
    with store.tx() as tx:
        tx.put(PROJECT, [{"id": name, "name": name} for name in NAMES])
        found = tx.rows(sa.select(PROJECT.c.id).where(among(PROJECT.c.id, wanted)))
    assert {name for (name,) in found} == set(wanted) & set(NAMES)


def test_its_text_is_the_same_for_any_number(store: Store) -> None:
    one, many = (
        str(sa.select(PROJECT.c.id).where(among(PROJECT.c.id, texts)).compile(store.engine))
        for texts in ("a", "abc" * 400)
    )
    assert one == many
