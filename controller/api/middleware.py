"""What every request crosses, in order: its id, its service and version, who asks."""

import re
from collections.abc import Sequence
from typing import Any

import falcon

from common import errors, ids, logs
from common.gauges import Gauges
from controller.api import auth
from controller.api.http import Services
from controller.api.microversion import Version
from controller.api.route import Service
from controller.api.seen import Seen

UNVERSIONED = Version(1, 0)
"""The version of requests to services without microversions."""

_GLOBAL_ID = re.compile(r"req-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def ordered(services: Services, table: Sequence[Service], gauges: Gauges) -> tuple[Any, ...]:
    """Give the middleware, outermost first."""
    return (Seen(gauges, services.world.clock), RequestIds(services), Versions(table), Authentication(services))


class RequestIds:
    """Gives each request an id, or keeps the well-formed one that it came with."""

    def __init__(self, services: Services) -> None:
        self._new_id = services.world.ids

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Note the id before anything can fail."""
        sent = req.get_header("X-Openstack-Request-Id") or ""
        req.context.request_id = sent if _GLOBAL_ID.fullmatch(sent) else ids.request_id(self._new_id)
        req.context.log_id = logs.request(req.context.request_id)
        req.context.log_id.__enter__()
        req.context.service = None
        req.context.version = None
        req.context.who = None

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, succeeded: bool) -> None:
        """Tell the client the id, whatever happened."""
        resp.set_header("X-Openstack-Request-Id", req.context.request_id)
        if req.context.service is not None and req.context.service.name == "compute":
            resp.set_header("X-Compute-Request-Id", req.context.request_id)
        req.context.log_id.__exit__(None, None, None)


class Versions:
    """Finds the service by its prefix and negotiates its microversion."""

    def __init__(self, table: Sequence[Service]) -> None:
        self._table = table

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Note the service and the version.

        :raises MethodNotAllowed: HTTP has no such method.
        :raises BadRequest: the version's header is malformed.
        :raises NotAcceptable: the version is not offered.
        """
        service = next((service for service in self._table if service.owns(req.path)), self._table[-1])
        req.context.service = service
        if req.method not in falcon.COMBINED_METHODS:
            raise errors.MethodNotAllowed("there is no such method")
        offered = service.microversions
        req.context.version = UNVERSIONED if offered is None else offered.negotiate(req.get_header)

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, succeeded: bool) -> None:
        """Say which version the answer is in."""
        service = req.context.service
        if service is not None and service.microversions is not None:
            resp.set_headers(service.microversions.headers(req.context.version))


class Authentication:
    """Reads the token of every request that brings one; routes that are not public refuse those without."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def process_resource(self, req: falcon.Request, resp: falcon.Response, resource: Any, params: Any) -> None:
        """Note who asks.

        :raises Unauthorized: the token is not valid.
        """
        token = req.get_header("X-Auth-Token")
        if token and req.method not in resource.public:
            req.context.who = auth.caller(self._services, token)
