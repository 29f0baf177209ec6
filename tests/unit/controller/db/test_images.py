from dataclasses import dataclass
from typing import Any

import pytest

from common import errors, ids, settings
from common.clock import ManualClock
from common.model.image import Image, ImageStatus
from controller.admission.images import ChangeImage, Content, CreateImage, DeleteImage, DropFiles, FinishUpload
from controller.db import images
from controller.db.engine import Store
from controller.db.images import Filters
from controller.db.paging import Page
from controller.workflow.world import World
from tests.doubles.writer import DirectWriter

PAGE = Page(10)
EVERY = Filters()
NOW = ManualClock().now()


@dataclass
class Shelf:
    """A store with a writer, and a short way to put images into it."""

    store: Store
    writer: DirectWriter

    def image(self, project: str = "mine", **values: Any) -> Image:
        made: Image = self.writer.submit(CreateImage(project_id=project, image_id=None, values=values))
        return made

    def names(self, project: str | None, filters: Filters = EVERY) -> list[str | None]:
        with self.store.read() as tx:
            return sorted(str(image.name) for image in images.listing(tx, project, filters, PAGE).records)


@pytest.fixture
def shelf(store: Store) -> Shelf:
    clock = ManualClock()
    world = World(clock=clock, ids=ids.time_ordered(clock), settings=settings.Settings(), scheduler=None)  # type: ignore[arg-type]
    return Shelf(store, DirectWriter(store, world))


def test_a_project_sees_its_own_and_what_is_open_to_all(shelf: Shelf) -> None:
    for visibility in ("private", "shared", "community", "public"):
        shelf.image("theirs", name=visibility, visibility=visibility)
    shelf.image(name="own")
    assert shelf.names("mine") == ["own", "public"]
    assert shelf.names("mine", Filters(equal={"visibility": "community"})) == ["community"]
    assert shelf.names(None) == ["community", "own", "private", "public", "shared"]


def test_an_image_is_found_by_id_where_it_may_be_seen(shelf: Shelf) -> None:
    own, community = shelf.image(), shelf.image("theirs", visibility="community")
    private = shelf.image("theirs", visibility="private")
    with shelf.store.read() as tx:
        assert images.visible(tx, own.id, "mine") == own
        assert images.visible(tx, community.id, "mine") == community
        assert images.visible(tx, private.id, "mine") is None
        assert images.visible(tx, private.id, None, lock=False) == private


def test_lists_are_filtered(shelf: Shelf) -> None:
    first = shelf.image(name="first", properties={"os_type": "linux"}, tags=["x_é", "y"])
    shelf.image(name="second", hidden=True)
    content = Content(size=5, virtual_size=5, digest="d" * 64, md5="m")
    shelf.writer.submit(ChangeImage(image_id=first.id, steps=(("replace", ("disk_format",), "raw"),)))
    shelf.writer.submit(FinishUpload(image_id=first.id, disk_format="raw", content=content, controller="here"))
    for filters in (
        Filters(among={"id": (first.id,), "name": ("first", "other")}),
        Filters(times=(("created_at", "gte", NOW), ("updated_at", "lte", NOW), ("created_at", "eq", NOW))),
        Filters(equal={"status": "active"}),
        Filters(properties={"os_type": "linux"}),
        Filters(min_size=5, max_size=5),
        Filters(tags=("x_é", "y")),
    ):
        assert shelf.names("mine", filters) == ["first"]
    for filters in (
        Filters(tags=("x__",)),
        Filters(tags=("x",)),
        Filters(among={"id": ()}),
        Filters(among={"name": ("other",)}),
        Filters(times=(("created_at", "gt", NOW),)),
        Filters(times=(("created_at", "lt", NOW),)),
        Filters(times=(("created_at", "neq", NOW),)),
        Filters(properties={"os_type": "bsd"}),
        Filters(min_size=6),
        Filters(max_size=4),
    ):
        assert shelf.names("mine", filters) == []
    assert shelf.names("mine", Filters(hidden=True)) == ["second"]


def test_a_deleted_image_is_gone_for_all_but_its_servers(shelf: Shelf) -> None:
    image = shelf.image(name="gone")
    shelf.writer.submit(DeleteImage(image_id=image.id))
    assert shelf.names(None) == []
    with shelf.store.tx() as tx:
        assert images.visible(tx, image.id, None) is None
        assert images.get(tx, [image.id], lock=True)[image.id].status is ImageStatus.DELETED
    with pytest.raises(errors.NotFound):
        shelf.writer.submit(DeleteImage(image_id=image.id))


def test_who_holds_a_file_is_known_until_it_is_dropped(shelf: Shelf) -> None:
    image = shelf.image(disk_format="raw")
    content = Content(size=5, virtual_size=5, digest="d" * 64, md5="m")
    finish = FinishUpload(image_id=image.id, disk_format="raw", content=content, controller="here")
    shelf.writer.submit(finish)
    with pytest.raises(errors.Conflict, match="once only"):
        shelf.writer.submit(finish)
    with shelf.store.read() as tx:
        assert (images.holders(tx, "d" * 64), images.needed(tx)) == (["here"], {"d" * 64})
    held = ("d" * 64, "e" * 64)
    assert shelf.writer.submit(DropFiles(controller="here", held=held)) == ("e" * 64,)
    shelf.writer.submit(DeleteImage(image_id=image.id))
    assert shelf.writer.submit(DropFiles(controller="here", held=held)) == held
    with shelf.store.read() as tx:
        assert images.holders(tx, "d" * 64) == []


def test_an_image_does_not_grow_for_ever(shelf: Shelf) -> None:
    full = {f"p{number}": "" for number in range(128)}
    image = shelf.image(properties=full)
    for change in (
        ChangeImage(image_id=image.id, steps=(("add", ("one more",), ""),)),
        CreateImage(project_id="mine", image_id=None, values={"properties": full | {"one more": ""}}),
    ):
        with pytest.raises(errors.TooLarge, match="128 properties"):
            shelf.writer.submit(change)
    shelf.writer.submit(ChangeImage(image_id=image.id, steps=(("replace", ("p0",), "new"),)))
