"""Extensions: none; what is offered is Compute's own."""

from common import errors
from controller.api.http import Answer, Request, ok


def index(req: Request) -> Answer:
    """List Compute's extensions: none."""
    return ok({"extensions": []})


def show(req: Request) -> Answer:
    """Show an extension.

    :raises NotFound: always.
    """
    raise errors.NotFound(f"there is no extension {req.path['alias']}")
