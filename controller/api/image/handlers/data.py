"""An image's bytes: uploaded and downloaded by tenants, fetched by agents with a signed URL."""

from common import errors
from common.model.image import ImageStatus
from controller.api.http import Answer, Request, nothing, stream
from controller.api.image import files
from controller.api.image.handlers.images import seen
from controller.api.image.schemas import images as schemas


def upload(req: Request) -> Answer:
    """Take an image's bytes; it can be used from then on."""
    image = seen(req)
    req.allow("image:upload_image", image.project_id)
    if image.disk_format is None or image.container_format is None:
        raise errors.BadRequest("set disk_format (qcow2 or raw) and container_format (bare) before the upload")
    if image.status is not ImageStatus.QUEUED and not req.has_key:
        raise errors.Conflict(f"the image is {image.status}: its data can be uploaded once only")
    files.take(req, image, image.disk_format)
    return nothing()


def download(req: Request) -> Answer:
    """Give an image's bytes; 204 while it has none."""
    image = seen(req)
    req.allow("image:download_image")
    if image.digest is None:
        return nothing()
    file, length = req.services.copies.open(image.digest)
    answer = stream(file, length)
    return Answer(200, headers={**answer.headers, "Content-MD5": image.md5 or ""}, file=file, length=length)


def fetch(req: Request) -> Answer:
    """Give a file to an agent; the URL's signature is all the right it needs."""
    query = req.query(schemas.FETCH)
    req.services.image_urls.check(req.path["digest"], query["host"], query["expires"], query["signature"])
    return stream(*req.services.images.open(req.path["digest"]))
