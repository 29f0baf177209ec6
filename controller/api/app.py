"""The WSGI application: services' routes in Falcon, and errors in each service's own words."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import falcon
import msgspec

from common import errors
from common.gauges import UNSEEN, Gauges
from controller.api import errors_render, middleware
from controller.api.http import Answer, Request, Services
from controller.api.route import Route, Service, choose
from controller.api.routes import SERVICES

TOLD = frozenset({*range(400, 500), 501, 503})
"""Statuses whose errors clients are told; the others are ours, and only the log has them."""

RETRY_SECONDS = 2
"""When a client should try again after a 503."""

log = logging.getLogger(__name__)
_FALCON = {404: errors.NotFound, 405: errors.MethodNotAllowed, 413: errors.TooLarge}
_FALCON_SAYS = {
    404: "there is nothing at this address",
    405: "this address does not know that method",
    413: "the body is too large",
}


def make(services: Services, table: Iterable[Service] = SERVICES, gauges: Gauges = UNSEEN) -> "falcon.App[Any, Any]":
    """Make the WSGI callable.

    :param table: the services; the last owns what no prefix of another's covers.
    """
    table = tuple(table)
    app: falcon.App[Any, Any] = falcon.App(middleware=middleware.ordered(services, table, gauges))
    app.req_options.strip_url_path_trailing_slash = True
    for service in table:
        for path, routes in _by_path(service).items():
            app.add_route(path, Endpoint(routes, services))
    app.add_error_handler(Exception, _unexpected(services))
    app.add_error_handler(falcon.HTTPError, _falcons(services))
    app.add_error_handler(errors.ToftError, _ours(services))
    return app


def _by_path(service: Service) -> Mapping[str, list[Route]]:
    found: dict[str, list[Route]] = defaultdict(list)
    for route in service.routes:
        found[(service.prefix + route.path) or "/"].append(route)
    return found


class Endpoint:
    """The routes of one path, as Falcon wants them: an ``on_get``, ``on_post`` and so on for each method there is."""

    def __init__(self, routes: Iterable[Route], services: Services) -> None:
        methods: dict[str, list[Route]] = defaultdict(list)
        for route in routes:
            methods[route.method].append(route)
        self.public = {method for method, group in methods.items() if all(route.public for route in group)}
        """The methods that need no token."""
        for method, group in methods.items():
            setattr(self, f"on_{method.lower()}", _responder(group, services))


def _responder(routes: list[Route], services: Services) -> Callable[..., None]:
    def respond(req: falcon.Request, resp: falcon.Response, **path: str) -> None:
        context = req.context
        route = choose(routes, context.version)
        request = Request(req, path, services, context.version, context.who, context.request_id)
        if not route.public:
            _ = request.who  # refuses those without a token before the handler sees anything
        if route.sends:
            services.backlog.check()
        write(resp, route.handler(request))

    return respond


def write(resp: falcon.Response, answer: Answer) -> None:
    """Put an answer into Falcon's response."""
    resp.status = answer.status
    resp.set_headers(dict(answer.headers))
    if answer.file is not None:
        resp.set_stream(answer.file, answer.length)
    elif answer.body is not None:
        resp.content_type = "application/json"
        resp.data = msgspec.json.encode(answer.body)
    elif answer.status != 204:
        resp.content_length = 0


Problem = Callable[[falcon.Request, falcon.Response, Any, Any], None]


def _ours(services: Services) -> Problem:
    """Render an error that was raised on purpose."""

    def handle(req: falcon.Request, resp: falcon.Response, error: Any, params: Any) -> None:
        service: Service | None = req.context.service
        if error.status not in TOLD:
            log.error("%s %s: %s", req.method, req.path, error.message)
        form = errors_render.identity if service is None or error.status == 401 else service.error
        headers = {}
        if error.status == 401:
            headers["WWW-Authenticate"] = f'Keystone uri="{services.settings.api_url}/identity"'
        if error.status == 503:
            headers["Retry-After"] = str(RETRY_SECONDS)
        shown = error if error.status in TOLD else _internal(req)
        write(resp, Answer(error.status, form(shown), headers))

    return handle


def _internal(req: falcon.Request) -> errors.ToftError:
    return errors.ToftError(f"internal error; the log has it under {req.context.request_id}")


def _falcons(services: Services) -> Problem:
    """Render what Falcon itself refuses: unknown addresses and methods, malformed requests."""
    render = _ours(services)

    def handle(req: falcon.Request, resp: falcon.Response, error: Any, params: Any) -> None:
        kind = _FALCON.get(error.status_code, errors.BadRequest)
        said = _FALCON_SAYS.get(error.status_code, error.description or error.title or "malformed request")
        resp.set_headers(error.headers or {})
        render(req, resp, kind(said), params)

    return handle


def _unexpected(services: Services) -> Problem:
    """Answer 500 without internals; they go to the log."""

    def handle(req: falcon.Request, resp: falcon.Response, error: Any, params: Any) -> None:
        log.error("%s %s failed", req.method, req.path, exc_info=error)
        write(
            resp,
            Answer(500, (req.context.service.error if req.context.service else errors_render.identity)(_internal(req))),
        )

    return handle
