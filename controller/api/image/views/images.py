"""Images as clients read them: flat, with the owner's properties beside the service's fields."""

from typing import Any

from common.clock import wire_time
from common.model.image import Image
from controller.api.http import Request
from controller.api.lists import page_url
from controller.db.paging import Paged


def image(of: Image) -> dict[str, Any]:
    """Show an image."""
    return {
        **of.properties,
        "id": of.id,
        "name": of.name,
        "status": of.status,
        "visibility": of.visibility,
        "protected": of.protected,
        "os_hidden": of.hidden,
        "owner": of.project_id,
        "disk_format": of.disk_format,
        "container_format": of.container_format,
        "min_disk": of.min_disk,
        "min_ram": of.min_ram,
        "size": of.size,
        "virtual_size": of.virtual_size,
        "checksum": of.md5,
        "os_hash_algo": "sha256" if of.digest else None,
        "os_hash_value": of.digest,
        "tags": list(of.tags),
        "created_at": wire_time(of.created_at),
        "updated_at": wire_time(of.updated_at),
        "self": f"/v2/images/{of.id}",
        "file": f"/v2/images/{of.id}/file",
        "schema": "/v2/schemas/image",
    }


def page(req: Request, found: Paged[Image]) -> dict[str, Any]:
    """Show a page of a list, and where the next one is."""
    shown: dict[str, Any] = {
        "images": [image(each) for each in found.records],
        "first": page_url(req, "/v2/images"),
        "schema": "/v2/schemas/images",
    }
    if found.more and found.records:
        shown["next"] = page_url(req, "/v2/images", found.records[-1].id)
    return shown
