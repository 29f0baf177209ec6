"""What a load balancer asks to know whether requests may be sent here."""

from controller.api.http import Answer, Request, ok
from controller.api.route import Route
from controller.db import controllers


def healthcheck(req: Request) -> Answer:
    """Answer 200 while the database answers; the rest can be done later, and by another controller.

    :raises DatabaseUnavailable: it does not; the answer is 503.
    """
    with req.read() as tx:
        controllers.answers(tx)
    return ok({"name": req.services.controller, "database": "up"})


ROUTES = (Route("GET", "/healthcheck", healthcheck, public=True),)
