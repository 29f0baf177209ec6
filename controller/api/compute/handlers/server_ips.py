"""Addresses of servers."""

from common import errors
from controller.api.compute.handlers.servers import found_server
from controller.api.compute.views.servers import Address, plain_addresses
from controller.api.http import Answer, Request, ok
from controller.db import server_lists


def index(req: Request) -> Answer:
    """Show a server's addresses, by network."""
    return ok({"addresses": _addresses(req)})


def show(req: Request) -> Answer:
    """Show a server's addresses on one network."""
    name, found = req.path["network"], _addresses(req)
    if name not in found:
        raise errors.NotFound(f"Instance has no network {name!r}")
    return ok({name: found[name]})


def _addresses(req: Request) -> dict[str, list[Address]]:
    req.allow("compute:servers:read")
    with req.read() as tx:
        server = found_server(req, tx).id
        return plain_addresses(server_lists.nics(tx, [server]).get(server, ()))
