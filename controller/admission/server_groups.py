"""Changes of server groups."""

from typing import Any, ClassVar

from common import errors
from common.model.server_group import ServerGroup
from controller.db import groups, quotas
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change


class CreateGroup(Change[ServerGroup], frozen=True, kw_only=True):
    """Make a group. ``limit``: members that one host may have under anti-affinity."""

    returns: ClassVar[Any] = ServerGroup

    project_id: str
    user_id: str
    name: str
    policy: str
    limit: int = 1

    def apply(self, tx: Tx, world: World) -> ServerGroup:
        """Insert it.

        :raises QuotaExceeded: the project has as many as allowed.
        """
        quotas.count(tx, world.settings.quota, self.project_id, {"server_groups": 1})
        group = ServerGroup(
            id=world.ids(),
            project_id=self.project_id,
            user_id=self.user_id,
            name=self.name,
            policy=self.policy,
            limit=self.limit,
            created_at=world.clock.now(),
        )
        groups.add(tx, group)
        return group


class DeleteGroup(Change[None], frozen=True, kw_only=True):
    """Delete a group; its servers go on without it. ``project_id`` None: whosever it is."""

    id: str
    project_id: str | None

    def apply(self, tx: Tx, world: World) -> None:
        """Delete it.

        :raises NotFound: the project has none such.
        """
        group = groups.get(tx, [self.id], lock=True).get(self.id)
        if group is None or self.project_id not in (None, group.project_id):
            raise missing(self.id)
        groups.remove(tx, group.id)
        quotas.free(tx, group.project_id, {"server_groups": 1})


def missing(group_id: str) -> errors.NotFound:
    """Say that there is no such group."""
    return errors.NotFound(f"Instance group {group_id} could not be found.")
