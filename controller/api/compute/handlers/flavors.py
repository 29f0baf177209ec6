"""Flavors."""

from collections.abc import Callable
from typing import Any

from common.model.flavor import Flavor
from controller.admission.flavors import CreateFlavor, DeleteFlavor, missing
from controller.api.compute.schemas import flavors as schemas
from controller.api.compute.schemas.common import flag
from controller.api.compute.views import flavors as views
from controller.api.compute.views.links import ROOT
from controller.api.http import Answer, Request, accepted, ok
from controller.api.lists import next_link, page
from controller.db import flavors

SORTABLE = {
    "flavorid": "id",
    "id": "id",
    "name": "name",
    "memory_mb": "ram_mib",
    "vcpus": "vcpus",
    "root_gb": "disk_gib",
    "is_public": "is_public",
}
VIEW = Callable[[Request, Flavor], dict[str, Any]]


def index(req: Request) -> Answer:
    """List flavors by name and id."""
    return _list(req, views.brief, "flavors")


def detail(req: Request) -> Answer:
    """List flavors whole."""
    return _list(req, views.detail, "flavors/detail")


def _list(req: Request, view: VIEW, path: str) -> Answer:
    req.allow("compute:flavors:read")
    query = req.query(schemas.LIST)
    wanted = page(req, query, SORTABLE)
    with req.read() as tx:
        found = flavors.listing(tx, wanted, _public(req, query), query.get("minRam", 0), query.get("minDisk", 0))
    body: dict[str, Any] = {"flavors": [view(req, flavor) for flavor in found.records]}
    if found.more and found.records:
        body["flavors_links"] = next_link(req, f"{ROOT}/{path}", found.records[-1].id)
    return ok(body)


def _public(req: Request, query: dict[str, Any]) -> bool | None:
    """Say which flavors are meant: only operators may look at those that are not public."""
    if not sees_all(req):
        return True
    asked = query.get("is_public", "true").lower()
    return None if asked == "none" else flag(asked)


def sees_all(req: Request) -> bool:
    """Say whether the caller may see flavors that are not public."""
    return req.services.policy.allows("compute:flavors:write", req.who, {"project_id": ""})


def found_flavor(req: Request) -> Flavor:
    """Read the flavor that the path names.

    :raises NotFound: the caller sees none such.
    """
    with req.read() as tx:
        flavor = flavors.find(tx, req.path["flavor_id"], all_of_them=sees_all(req))
    if flavor is None:
        raise missing(req.path["flavor_id"])
    return flavor


def show(req: Request) -> Answer:
    """Show a flavor."""
    req.allow("compute:flavors:read")
    return ok({"flavor": views.detail(req, found_flavor(req))})


def create(req: Request) -> Answer:
    """Make a flavor."""
    req.allow("compute:flavors:write")
    body = req.json(schemas.CREATE)["flavor"]
    asked = body.get("id")
    change = CreateFlavor(
        id=None if asked in (None, "auto") else str(asked),
        name=body["name"],
        vcpus=int(body["vcpus"]),
        ram_mib=int(body["ram"]),
        disk_gib=int(body["disk"]),
        rxtx_factor=float(body.get("rxtx_factor", 1.0)),
        is_public=flag(body.get("os-flavor-access:is_public", True)),
    )
    return ok({"flavor": views.detail(req, req.submit(change))})


def delete(req: Request) -> Answer:
    """Delete a flavor; servers keep what they were made with."""
    req.allow("compute:flavors:write")
    req.submit(DeleteFlavor(id=req.path["flavor_id"]))
    return accepted()
