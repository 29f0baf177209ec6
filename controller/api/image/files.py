"""An image's bytes: taken in, looked into, given out, and removed when nothing needs them."""

from common.image_inspection import inspect
from common.model.image import Image
from controller.admission.images import Content, DropFiles, FinishUpload
from controller.api.http import Request, Services
from controller.db import images
from controller.image_store import Received

GIB = 1 << 30


def take(req: Request, image: Image, disk_format: str) -> Image:
    """Take an upload in: to disk, inspected, then opened for use. What is refused leaves nothing behind.

    :raises InvalidImage: it is not what it claims to be.
    :raises TooLarge: it has too many bytes.
    :raises Conflict: the image has its bytes already.
    """
    services, limits = req.services, req.services.settings.images
    received = services.images.receive(req.body_stream(), limits.max_bytes, req.body_length)
    try:
        virtual = inspect(received.path, disk_format, limits.max_virtual_gib * GIB)
        with services.images.settled:
            return _finish(req, image, disk_format, received, virtual)
    finally:
        services.images.drop(received)


def _finish(req: Request, image: Image, disk_format: str, received: Received, virtual: int) -> Image:
    """Put the file in its place, then the row: a row never names a file that is not there."""
    known = req.services.images.keep(received)
    content = Content(size=received.size, virtual_size=virtual, digest=received.sha256, md5=received.md5)
    upload = FinishUpload(
        image_id=image.id, disk_format=disk_format, content=content, controller=req.services.controller
    )
    try:
        return req.submit(upload, received.sha256.encode())
    except BaseException:
        if not known:
            _remove_unneeded(req.services, {received.sha256})
        raise


def tidy(services: Services) -> None:
    """Remove files that nothing needs: deleted images', and those of a process that died between file and row.

    Each controller removes its own.
    """
    with services.images.settled:
        with services.store.read() as tx:
            unneeded = services.images.held() - images.needed(tx)
        _remove_unneeded(services, unneeded)


def _remove_unneeded(services: Services, held: set[str]) -> None:
    if held:
        dropped = services.writer.submit(DropFiles(controller=services.controller, held=tuple(sorted(held))))
        services.images.remove(dropped)
