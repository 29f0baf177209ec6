"""Servers."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from common import errors
from common.model.server import NetworkAsk
from controller.admission.server_create import CreateServers
from controller.admission.server_delete import DeleteServer
from controller.admission.server_metadata import check_items
from controller.admission.servers import RenameServer, missing
from controller.api.compute.handlers.flavors import sees_all
from controller.api.compute.handlers.server_filters import wanted_servers
from controller.api.compute.handlers.server_hints import wanted_place
from controller.api.compute.schemas import servers as schemas
from controller.api.compute.schemas.common import flag
from controller.api.compute.views import servers as views
from controller.api.compute.views.links import ROOT
from controller.api.http import Answer, Request, accepted, nothing, ok
from controller.api.lists import next_link, page
from controller.api.scope import scope
from controller.db import aggregates, hosts, server_lists
from controller.db.engine import Tx
from controller.db.server_lists import Shown

EVERYONE = "compute:everyone"
MOST = 256
"""Servers that one request may ask for: all are written in one transaction."""


def index(req: Request) -> Answer:
    """List servers by name and id."""
    return _list(req, "servers", details=False)


def detail(req: Request) -> Answer:
    """List servers whole."""
    return _list(req, "servers/detail", details=True)


def _list(req: Request, path: str, details: bool) -> Answer:
    req.allow("compute:servers:read")
    query = req.query(schemas.LIST)
    wanted = page(req, query, server_lists.SORTABLE, [("created_at", True)], default_descending=True)
    with req.read() as tx:
        found = server_lists.listing(tx, wanted_servers(req, tx, query), wanted)
        around = surroundings(req, tx, found.records) if details else None
    view = views.Views(req)
    body: dict[str, Any] = {
        "servers": [view.detail(s, around) if around else view.brief(s) for s in found.records],
    }
    if found.more and found.records:
        body["servers_links"] = next_link(req, f"{ROOT}/{path}", found.records[-1].id)
    return ok(body)


def surroundings(req: Request, tx: Tx, servers: Sequence[Shown]) -> views.Surroundings:
    """Read what the views of these servers need."""
    operator = req.services.policy.allows("compute:host_fields", req.who, {"project_id": ""})
    nics = server_lists.nics(tx, [server.id for server in servers])
    on = {server.host_id for server in servers if server.host_id}
    return views.Surroundings(nics, hosts.names(tx, on) if operator else None, aggregates.zones(tx))


def found_server(req: Request, tx: Tx) -> Shown:
    """Read the server that the path names.

    :raises NotFound: there is none that the caller may see.
    """
    server = server_lists.shown(tx, req.path["server_id"], scope(req, EVERYONE))
    if server is None:
        raise missing(req.path["server_id"])
    return server


def show(req: Request) -> Answer:
    """Show a server."""
    req.allow("compute:servers:read")
    return ok(_whole(req))


def _whole(req: Request) -> dict[str, Any]:
    with req.read() as tx:
        server = found_server(req, tx)
        return {"server": views.Views(req).detail(server, surroundings(req, tx, [server]))}


def create(req: Request) -> Answer:
    """Make one server or several; no ``adminPass``, as no password is put into guests."""
    req.allow("compute:servers:create")
    whole = req.json(schemas.CREATE)
    body, where = whole["server"], wanted_place(req, whole)
    least = int(body.get("min_count", 1))
    most = int(body.get("max_count", least))
    if most < least:
        raise errors.BadRequest("min_count must be <= max_count")
    if most > MOST:
        raise errors.BadRequest(f"max_count: one request makes {MOST} servers at most")
    check_items(body.get("metadata", {}))
    made = req.submit(
        CreateServers(
            project_id=req.project_id,
            user_id=req.who.user_id,
            name=body["name"],
            image_id=_image(body),
            flavor_id=str(body["flavorRef"]).rsplit("/", 1)[-1],
            public_only=not sees_all(req),
            key_name=body.get("key_name"),
            user_data=_user_data(body.get("user_data")),
            metadata=body.get("metadata", {}),
            asks=_asks(body.get("networks", [])),
            where=where,
            min_count=least,
            max_count=most,
            request_id=req.request_id,
        )
    )
    if flag(body.get("return_reservation_id", False)):
        return accepted({"reservation_id": made[0].reservation_id})
    return accepted({"server": views.Views(req).made(made[0])}, req.url(f"{ROOT}/servers/{made[0].id}"))


def _image(body: dict[str, Any]) -> str:
    """Give the image's id: some clients write its URL, some only a block device that is the image."""
    disks = {str(disk["uuid"]) for disk in body.get("block_device_mapping_v2", [])}
    named = {str(body["imageRef"]).rsplit("/", 1)[-1]} if body.get("imageRef") else disks
    if not named or disks - named:
        raise errors.BadRequest("imageRef: name one image, and no other in block_device_mapping_v2")
    return named.pop()


def _user_data(encoded: str | None) -> str | None:
    try:
        base64.b64decode(encoded or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise errors.BadRequest(f"user_data is not base64: {error}") from error
    return encoded or None


def _asks(nics: list[dict[str, Any]]) -> tuple[NetworkAsk, ...]:
    for nic in nics:
        if nic.get("port") and nic.get("fixed_ip"):
            raise errors.BadRequest("networks: a port has its address already; leave fixed_ip out")
        if not nic.get("port") and not nic.get("uuid"):
            raise errors.BadRequest("networks: name a uuid or a port")
    return tuple(
        NetworkAsk(port_id=nic["port"])
        if nic.get("port")
        else NetworkAsk(network_id=nic["uuid"], address=nic.get("fixed_ip"))
        for nic in nics
    )


def update(req: Request) -> Answer:
    """Give a server another name."""
    req.allow("compute:servers:update")
    name = req.json(schemas.UPDATE)["server"]["name"]
    req.submit(RenameServer(id=req.path["server_id"], project_id=scope(req, EVERYONE), name=name))
    return ok(_whole(req))


def delete(req: Request) -> Answer:
    """Delete a server, whatever is being done to it."""
    req.allow("compute:servers:delete")
    req.submit(DeleteServer(id=req.path["server_id"], project_id=scope(req, EVERYONE), request_id=req.request_id))
    return nothing()
