"""Changes of servers' metadata: their tenants' own notes. The guest sees them as they were at its first boot."""

from typing import Any, ClassVar

from msgspec.structs import replace

from common import errors
from common.model.server import Server
from controller.admission.servers import locked, saved
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change

ITEMS = 128
"""Items of metadata that a server may have."""


class SetMetadata(Change[Server], frozen=True, kw_only=True):
    """Add items to a server's metadata; with ``whole`` they take the place of all it had."""

    returns: ClassVar[Any] = Server

    id: str
    project_id: str | None
    items: dict[str, str]
    whole: bool = False

    def apply(self, tx: Tx, world: World) -> Server:
        """Write them.

        :raises NotFound: the project has no such server.
        :raises QuotaExceeded: it would have too many.
        """
        server = locked(tx, self.id, self.project_id)
        items = self.items if self.whole else server.metadata | self.items
        check_items(items)
        return saved(tx, replace(server, metadata=items, updated_at=world.clock.now()))


class DeleteMetadata(Change[Server], frozen=True, kw_only=True):
    """Take one item from a server's metadata."""

    returns: ClassVar[Any] = Server

    id: str
    project_id: str | None
    key: str

    def apply(self, tx: Tx, world: World) -> Server:
        """Write the rest.

        :raises NotFound: the project has no such server, or it has no such item.
        """
        server = locked(tx, self.id, self.project_id)
        if self.key not in server.metadata:
            raise errors.NotFound("Metadata item was not found")
        rest = {key: value for key, value in server.metadata.items() if key != self.key}
        return saved(tx, replace(server, metadata=rest, updated_at=world.clock.now()))


def check_items(items: dict[str, str]) -> None:
    """Refuse too many.

    :raises QuotaExceeded: there are more than a server may have.
    """
    if len(items) > ITEMS:
        raise errors.QuotaExceeded(f"Maximum number of metadata items exceeds {ITEMS}")
