"""The watch: notices hosts that fell silent."""

import logging
from datetime import datetime, timedelta

from common.model.host import HostState
from controller.db import hosts
from controller.db.engine import Store, Tx
from controller.workflow import notices
from controller.workflow.world import World

LOG = logging.getLogger(__name__)


class Watch:
    """Looks at the clock; each ``turn`` is one transaction."""

    def __init__(self, store: Store, world: World) -> None:
        self._store, self._world = store, world

    def turn(self) -> int:
        """Mark hosts whose lease ended; says how many those were.

        :raises DatabaseUnavailable: nothing was done.
        """
        with self._store.tx() as tx:
            return self._look(tx, self._world.clock.now())

    def _look(self, tx: Tx, now: datetime) -> int:
        """Tell hosts that are heard, though nothing reaches them, from those that are silent."""
        fresh = now - timedelta(seconds=self._world.settings.controller.lease_seconds)
        ended = hosts.silent(tx, now)
        deaf = [h for h in ended if h.heard_at > fresh and h.state is not HostState.DEAF]
        down = [h for h in ended if h.heard_at <= fresh]
        hosts.set_state(tx, deaf, HostState.DEAF)
        hosts.set_state(tx, down, HostState.DOWN)
        notices.tell_of_hosts(tx, self._world, down)
        for host in deaf:
            LOG.warning("host %s (%s) is deaf: it is heard, but no answer of ours reaches it", host.name, host.id)
        for host in down:
            LOG.warning("host %s (%s) is down: not heard since %s", host.name, host.id, host.heard_at)
        return len(deaf) + len(down)
