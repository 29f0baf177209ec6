"""Pages of a list whose columns are null here and there, on each database."""

from itertools import product

import pytest

from common import errors
from common.clock import ManualClock
from common.model.image import Image, ImageStatus
from controller.db.engine import Store
from controller.db.images import IMAGES
from controller.db.paging import Page, page_of

ROWS = [("a", None), (None, 5), ("b", 1), (None, None), ("b", None), ("c", 1), (None, 5)]
"""Each image's name and size; its id is its number."""


@pytest.fixture
def filled(store: Store) -> Store:
    now = ManualClock().now()
    with store.tx() as tx:
        for number, (name, size) in enumerate(ROWS):
            of = {"id": str(number), "project_id": "p", "name": name, "size": size, "status": ImageStatus.QUEUED}
            IMAGES.add(tx, [Image(**of, created_at=now, updated_at=now)])
    return store


def numbers(store: Store, page: Page) -> tuple[list[int], bool]:
    with store.read() as tx:
        found = page_of(tx, IMAGES, [], page)
    return [int(image.id) for image in found.records], found.more


def test_nulls_come_last_and_first_when_descending(filled: Store) -> None:
    assert numbers(filled, Page(9, sort=(("name", False),)))[0] == [0, 2, 4, 5, 1, 3, 6]
    assert numbers(filled, Page(9, sort=(("name", True),)))[0] == [1, 3, 6, 5, 2, 4, 0]
    assert numbers(filled, Page(9, sort=(("size", False), ("name", True))))[0] == [5, 2, 1, 6, 3, 4, 0]


@pytest.mark.parametrize("ways", list(product((False, True), repeat=2)))
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_join_to_the_whole(filled: Store, ways: tuple[bool, bool], limit: int) -> None:
    sort = tuple(zip(("name", "size"), ways, strict=True))
    whole, _ = numbers(filled, Page(9, sort=sort))
    seen: list[int] = []
    more = True
    while more:
        part, more = numbers(filled, Page(limit, marker=str(seen[-1]) if seen else None, sort=sort))
        seen += part
    assert seen == whole


def test_a_marker_is_one_of_the_list(filled: Store) -> None:
    with pytest.raises(errors.BadRequest, match="marker '9' is not in this list"):
        numbers(filled, Page(1, marker="9"))
