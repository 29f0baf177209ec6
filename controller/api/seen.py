"""The middleware that counts requests and tells how long they took, by the route's template and never by its path."""

from typing import Any

import falcon

from common.clock import Clock
from common.gauges import Gauges
from controller.sight import metrics

NOWHERE = "none"
"""The route of what has none."""


class Seen:
    """The outermost middleware: what it times is all that a request costs us, but for reading it from the socket."""

    def __init__(self, gauges: Gauges, clock: Clock) -> None:
        self._gauges, self._clock = gauges, clock

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Note when it began."""
        req.context.begun = self._clock.monotonic()

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, succeeded: bool) -> None:
        """Tell how it ended."""
        service = req.context.service.name if req.context.service is not None else NOWHERE
        route = f"{req.method} {req.uri_template}" if req.uri_template else NOWHERE
        self._gauges.count(metrics.REQUESTS, service, route, str(resp.status_code))
        self._gauges.took(metrics.REQUEST, self._clock.monotonic() - req.context.begun, service, route)
