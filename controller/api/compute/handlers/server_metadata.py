"""Metadata of servers."""

from common import errors
from common.model.server import Server
from controller.admission.server_metadata import DeleteMetadata, SetMetadata
from controller.api.compute.handlers.servers import EVERYONE, found_server
from controller.api.compute.schemas import server_metadata as schemas
from controller.api.http import Answer, Request, nothing, ok
from controller.api.scope import scope


def index(req: Request) -> Answer:
    """Show a server's metadata."""
    req.allow("compute:servers:read")
    with req.read() as tx:
        return ok({"metadata": found_server(req, tx).metadata})


def show(req: Request) -> Answer:
    """Show one item of a server's metadata."""
    req.allow("compute:servers:read")
    key = req.path["key"]
    with req.read() as tx:
        items = found_server(req, tx).metadata
    if key not in items:
        raise errors.NotFound("Metadata item was not found")
    return ok({"meta": {key: items[key]}})


def create(req: Request) -> Answer:
    """Add items to a server's metadata, or change them."""
    return ok({"metadata": _set(req, _items(req), whole=False).metadata})


def replace(req: Request) -> Answer:
    """Let these items take the place of all a server's metadata."""
    return ok({"metadata": _set(req, _items(req), whole=True).metadata})


def update(req: Request) -> Answer:
    """Change one item of a server's metadata."""
    req.allow("compute:servers:update")
    item: dict[str, str] = req.json(schemas.SET_ONE)["meta"]
    if req.path["key"] not in item:
        raise errors.BadRequest("Request body and URI mismatch")
    _set(req, item, whole=False)
    return ok({"meta": item})


def delete(req: Request) -> Answer:
    """Take one item from a server's metadata."""
    req.allow("compute:servers:update")
    change = DeleteMetadata(id=req.path["server_id"], project_id=scope(req, EVERYONE), key=req.path["key"])
    req.submit(change)
    return nothing()


def _items(req: Request) -> dict[str, str]:
    req.allow("compute:servers:update")
    items: dict[str, str] = req.json(schemas.SET)["metadata"]
    return items


def _set(req: Request, items: dict[str, str], whole: bool) -> Server:
    return req.submit(SetMetadata(id=req.path["server_id"], project_id=scope(req, EVERYONE), items=items, whole=whole))
