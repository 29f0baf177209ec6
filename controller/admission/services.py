"""Changes of hosts that operators make: whether they take new servers."""

from typing import Any, ClassVar

from msgspec.structs import replace

from common import errors
from common.model.host import Host
from controller.db import hosts
from controller.db.engine import Tx
from controller.workflow import notices
from controller.workflow.world import World
from controller.writer import Change


class EnableHost(Change[Host], frozen=True, kw_only=True):
    """Let a host take new servers, or (``enabled`` false) none; those it has go on running."""

    returns: ClassVar[Any] = Host

    name: str
    enabled: bool
    reason: str = ""

    def apply(self, tx: Tx, world: World) -> Host:
        """Write it.

        :raises NotFound: there is no host of that name.
        """
        host = hosts.named(tx, self.name)
        if host is None:
            raise errors.NotFound(f"Service nova-compute on host {self.name} could not be found.")
        locked = hosts.get(tx, [host.id], lock=True)[host.id]
        changed = replace(locked, enabled=self.enabled, disabled_reason=self.reason)
        hosts.HOSTS.save(tx, [changed])
        hosts.touch(tx, [changed.id])
        notices.tell_of_hosts(tx, world, [changed])
        return changed
