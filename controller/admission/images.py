"""Changes of images."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from common import errors
from common.model.image import Image, ImageStatus
from controller.db import images, quotas
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change

PROPERTIES = 128
"""Properties of its owner's that an image may have."""


class CreateImage(Change[Image], frozen=True):
    """Make an image that waits for its bytes. ``values`` are fields of the record; ``image_id`` may be chosen."""

    returns = Image
    project_id: str
    image_id: str | None
    values: dict[str, Any]

    def apply(self, tx: Tx, world: World) -> Image:
        """Make it.

        :raises Conflict: an image has that id.
        :raises QuotaExceeded: the project has as many as it may.
        :raises TooLarge: it would have too many properties.
        """
        if self.image_id is not None and images.get(tx, [self.image_id]):
            raise errors.Conflict(f"there is an image {self.image_id} already")
        quotas.count(tx, world.settings.quota, self.project_id, {"images": 1})
        now = world.clock.now()
        image = Image(
            id=self.image_id or world.ids(),
            project_id=self.project_id,
            status=ImageStatus.QUEUED,
            created_at=now,
            updated_at=now,
            **{"name": None, **self.values},
        )
        _check_properties(image)
        images.IMAGES.add(tx, [image])
        return image


def _check_properties(image: Image) -> None:
    if len(image.properties) > PROPERTIES:
        raise errors.TooLarge(f"an image may have {PROPERTIES} properties at most")


class Content(msgspec.Struct, frozen=True):
    """What was uploaded and found sound: sizes in bytes, digests in hex."""

    size: int
    virtual_size: int
    digest: str
    md5: str


class FinishUpload(Change[Image], frozen=True):
    """Give an image its bytes, which ``controller`` holds under their digest."""

    returns = Image
    image_id: str
    disk_format: str
    content: Content
    controller: str

    def apply(self, tx: Tx, world: World) -> Image:
        """Open the image for use.

        :raises NotFound: it was deleted meanwhile.
        :raises Conflict: it has its bytes already, or another format than the one that was looked for.
        """
        image = _mine(tx, self.image_id)
        if image.status is not ImageStatus.QUEUED:
            raise errors.Conflict(f"the image is {image.status}: its data can be uploaded once only")
        if image.disk_format != self.disk_format:
            raise errors.Conflict("the image's format was changed during the upload; send it again")
        given = msgspec.structs.asdict(self.content)
        image = replace(image, status=ImageStatus.ACTIVE, updated_at=world.clock.now(), **given)
        images.save(tx, image)
        images.add_copy(tx, image.id, self.controller, self.content.digest)
        return image


class ChangeImage(Change[Image], frozen=True):
    """Change what an image says of itself. ``steps`` are (operation, place, value), as JSON patches have them."""

    returns = Image
    image_id: str
    steps: tuple[tuple[str, tuple[str, ...], Any], ...]

    def apply(self, tx: Tx, world: World) -> Image:
        """Take the steps in order.

        :raises NotFound: it was deleted meanwhile.
        :raises Conflict: a property to be replaced or removed is not there.
        :raises Forbidden: a field that only the service writes.
        :raises TooLarge: it would have too many properties.
        """
        image = _mine(tx, self.image_id)
        for operation, place, value in self.steps:
            image = _step(image, operation, place, value)
        _check_properties(image)
        image = replace(image, updated_at=world.clock.now())
        images.save(tx, image)
        return image


FIELDS = {
    "name": "name",
    "visibility": "visibility",
    "protected": "protected",
    "os_hidden": "hidden",
    "min_disk": "min_disk",
    "min_ram": "min_ram",
    "tags": "tags",
    "disk_format": "disk_format",
    "container_format": "container_format",
}
"""What clients may set: the name in requests and the record's field."""

_FORMATS = ("disk_format", "container_format")


def _step(image: Image, operation: str, place: tuple[str, ...], value: Any) -> Image:
    name = place[0]
    if name not in FIELDS:
        return replace(image, properties=_OPERATIONS[operation](image.properties, name, value))
    if operation == "remove":
        raise errors.Forbidden(f"{name} cannot be removed; replace it")
    if name in _FORMATS and image.status is not ImageStatus.QUEUED:
        raise errors.Forbidden(f"{name} cannot be changed: the image has its data already")
    return replace(image, **{FIELDS[name]: tuple(value) if name == "tags" else value})


def _added(properties: dict[str, str], name: str, value: Any) -> dict[str, str]:
    return {**properties, name: value}


def _replaced(properties: dict[str, str], name: str, value: Any) -> dict[str, str]:
    return _added(_removed(properties, name, value), name, value)


def _removed(properties: dict[str, str], name: str, _value: Any) -> dict[str, str]:
    if name not in properties:
        raise errors.Conflict(f"the image has no property {name}")
    return {known: kept for known, kept in properties.items() if known != name}


_OPERATIONS: dict[str, Callable[[dict[str, str], str, Any], dict[str, str]]] = {
    "add": _added,
    "replace": _replaced,
    "remove": _removed,
}


class DeleteImage(Change[None], frozen=True):
    """Delete an image for its tenant. The row stays, marked, for servers that name it."""

    image_id: str

    def apply(self, tx: Tx, world: World) -> None:
        """Mark it, and free its place in the quota.

        :raises NotFound: it is gone already.
        :raises Forbidden: it is protected.
        """
        image = _mine(tx, self.image_id)
        if image.protected:
            raise errors.Forbidden(f"image {image.id} is protected; set protected to false first")
        quotas.free(tx, image.project_id, {"images": 1})
        images.save(tx, replace(image, status=ImageStatus.DELETED, updated_at=world.clock.now()))


def _mine(tx: Tx, image_id: str) -> Image:
    """Read an image that the handler has found for its caller, so that nobody else changes it meanwhile."""
    image = images.visible(tx, image_id, None, lock=True)
    if image is None:
        raise errors.NotFound(f"there is no image {image_id}")
    return image


class DropFiles(Change[tuple[str, ...]], frozen=True):
    """Let a controller remove those of its files that nothing needs; gives their digests.

    What is needed is looked up here, behind all changes that came before: one of them may still have opened an image.
    """

    returns = tuple[str, ...]
    controller: str
    held: tuple[str, ...]

    def apply(self, tx: Tx, world: World) -> tuple[str, ...]:
        """Note that it holds them no more."""
        unneeded = tuple(sorted(set(self.held) - images.needed(tx)))
        images.drop_copies(tx, self.controller, unneeded)
        return unneeded
