"""The Image service's endpoints and the rules they ask."""

from controller.api.image.handlers import data, images
from controller.api.policy import MEMBER, READER, Rule
from controller.api.route import Route

_IMAGE = "/v2/images/{image_id}"
_FILE = f"{_IMAGE}/file"

ROUTES = (
    Route("GET", "/v2/images", images.index),
    Route("POST", "/v2/images", images.create),
    Route("GET", _IMAGE, images.show),
    Route("PATCH", _IMAGE, images.change),
    Route("DELETE", _IMAGE, images.delete),
    Route("PUT", _FILE, data.upload),
    Route("GET", _FILE, data.download),
    Route("GET", "/v2/schemas/image", images.schema_image),
    Route("GET", "/v2/schemas/images", images.schema_images),
)

FETCH = (Route("GET", "/toft/images/{digest}", data.fetch, public=True),)


def _rule(name: str, check: str, description: str, method: str, path: str) -> Rule:
    return Rule(f"image:{name}", check, description, ((method, f"/image{path}"),))


RULES = (
    _rule("get_images", READER, "List images.", "GET", "/v2/images"),
    _rule("add_image", MEMBER, "Make an image.", "POST", "/v2/images"),
    _rule("get_image", READER, "Show an image.", "GET", _IMAGE),
    _rule("modify_image", MEMBER, "Change an image.", "PATCH", _IMAGE),
    _rule("delete_image", MEMBER, "Delete an image.", "DELETE", _IMAGE),
    _rule("upload_image", MEMBER, "Upload an image's data.", "PUT", _FILE),
    _rule("download_image", READER, "Download an image's data.", "GET", _FILE),
    Rule(
        "image:publicize_image",
        "rule:admin",
        "Let every project see an image.",
        (("POST", "/image/v2/images"), ("PATCH", f"/image{_IMAGE}")),
    ),
)
