"""Host aggregates: none. Clients ask for them when they show a hypervisor."""

from controller.api.http import Answer, Request, ok


def index(req: Request) -> Answer:
    """List host aggregates: none."""
    req.allow("compute:hosts:read")
    return ok({"aggregates": []})
