"""Flavors, as clients see them."""

from typing import Any

from common.model.flavor import Flavor
from controller.api.compute.views.links import links
from controller.api.http import Request


def brief(req: Request, flavor: Flavor) -> dict[str, Any]:
    """Show what a list without details has."""
    return {"id": flavor.id, "name": flavor.name, "links": links(req, "flavors", flavor.id)}


def detail(req: Request, flavor: Flavor) -> dict[str, Any]:
    """Show a flavor whole."""
    return brief(req, flavor) | {
        "vcpus": flavor.vcpus,
        "ram": flavor.ram_mib,
        "disk": flavor.disk_gib,
        "swap": flavor.swap_mib or "",
        "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral_gib,
        "OS-FLV-DISABLED:disabled": False,
        "rxtx_factor": flavor.rxtx_factor,
        "os-flavor-access:is_public": flavor.is_public,
    }
