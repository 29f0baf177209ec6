"""What has been done to a server, step by step: Toft's own addition to Compute."""

from controller.api.compute.handlers.servers import found_server
from controller.api.http import Answer, Request, ok
from controller.db import timeline


def show(req: Request) -> Answer:
    """Show each step of what was done to a server, oldest first; Toft's own."""
    req.allow("compute:servers:read")
    with req.read() as tx:
        moments = timeline.of_subject(tx, found_server(req, tx).id)
    return ok(
        {
            "timeline": [
                {
                    "at": moment.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                    "workflow": moment.kind,
                    "step": moment.step,
                    "outcome": moment.outcome,
                    "detail": moment.detail,
                }
                for moment in moments
            ]
        }
    )
