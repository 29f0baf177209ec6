"""Images: made, listed, shown, changed, deleted."""

from typing import Any

from common import errors
from common.model.image import Image
from controller.admission.images import FIELDS, ChangeImage, CreateImage, DeleteImage
from controller.api.bodies import validate
from controller.api.http import Answer, Request, created, nothing, ok
from controller.api.image import files, queries
from controller.api.image.schemas import images as schemas
from controller.api.image.views import images as views
from controller.db import images


def seen(req: Request) -> Image:
    """Find the image that the path names.

    :raises NotFound: there is none that the caller may see.
    """
    project = None if req.who.is_admin else req.project_id
    with req.read() as tx:
        image = images.visible(tx, req.path["image_id"], project)
    if image is None:
        raise errors.NotFound(f"there is no image {req.path['image_id']}")
    return image


def create(req: Request) -> Answer:
    """Make an image; its bytes are uploaded afterwards."""
    req.allow("image:add_image")
    asked = req.json(schemas.CREATE)
    owner = asked.pop("owner", req.project_id)
    if owner != req.project_id:
        req.allow("image:add_image", owner)
    image = req.submit(CreateImage(project_id=owner, image_id=asked.pop("id", None), values=_values(req, asked)))
    return created(views.image(image), req.url(f"/image/v2/images/{image.id}"))


def _values(req: Request, asked: dict[str, Any]) -> dict[str, Any]:
    """Turn a request's names into the record's, the owner's own properties into one of its fields."""
    for name in asked:
        _writable(name)
    if asked.get("visibility") == "public":
        req.allow("image:publicize_image")
    values = {FIELDS[name]: value for name, value in asked.items() if name in FIELDS}
    return {**values, "properties": {name: value for name, value in asked.items() if name not in FIELDS}}


def _writable(name: str) -> None:
    if name in schemas.READ_ONLY:
        raise errors.Forbidden(f"{name} is written by the service only; leave it out")


def index(req: Request) -> Answer:
    """List the images that the caller's project may boot from."""
    req.allow("image:get_images")
    query = req.query(schemas.LIST)
    page = queries.page(query, req.services.settings.api.page)
    project = None if req.who.is_admin else req.project_id
    with req.read() as tx:
        found = images.listing(tx, project, queries.filters(query), page)
    return ok(views.page(req, found))


def show(req: Request) -> Answer:
    """Show an image."""
    image = seen(req)
    req.allow("image:get_image")
    return ok(views.image(image))


def change(req: Request) -> Answer:
    """Change what an image says of itself, by a JSON patch."""
    image = seen(req)
    req.allow("image:modify_image", image.project_id)
    steps = tuple(_step(req, step) for step in req.json(schemas.PATCH))
    changed = req.submit(ChangeImage(image_id=image.id, steps=steps))
    return ok(views.image(changed))


def _step(req: Request, asked: dict[str, Any]) -> tuple[str, tuple[str, ...], Any]:
    name = asked["path"][1:].replace("~1", "/").replace("~0", "~")
    if name in ("id", "owner"):
        raise errors.Forbidden(f"{name} cannot be changed")
    _writable(name)
    if asked["op"] != "remove":
        validate(asked["value"], schemas.FIELDS.get(name, schemas.PROPERTY), f"body {asked['path']}")
    if (name, asked.get("value")) == ("visibility", "public"):
        req.allow("image:publicize_image")
    return asked["op"], (name,), asked.get("value")


def delete(req: Request) -> Answer:
    """Delete an image, and its file when nothing needs it."""
    image = seen(req)
    req.allow("image:delete_image", image.project_id)
    req.submit(DeleteImage(image_id=image.id))
    files.tidy(req.services)
    return nothing()


def schema_image(req: Request) -> Answer:
    """Describe an image, for clients that ask."""
    properties = {**schemas.FIELDS, **{name: {"readOnly": True} for name in schemas.READ_ONLY}}
    return ok({"name": "image", "properties": properties, "additionalProperties": schemas.PROPERTY})


def schema_images(req: Request) -> Answer:
    """Describe a list of images."""
    listed = {"type": "array", "items": {"$ref": "/v2/schemas/image"}}
    return ok({"name": "images", "properties": {"images": listed, "first": {}, "next": {}, "schema": {}}})
