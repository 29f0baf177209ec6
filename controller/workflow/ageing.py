"""Ageing: forgets what is kept for a while only."""

from datetime import timedelta

from controller.db import ageing
from controller.db.engine import Store
from controller.workflow.world import World


class Ageing:
    """Deletes old rows; each ``turn`` is one transaction, away from all that may not wait for it."""

    def __init__(self, store: Store, world: World) -> None:
        self._store, self._world = store, world

    def turn(self) -> bool:
        """Delete a batch of what is too old; says whether there may be more.

        :raises DatabaseUnavailable: nothing was done.
        """
        keep = timedelta(days=self._world.settings.controller.keep_days)
        with self._store.tx() as tx:
            return ageing.prune(tx, self._world.clock.now(), keep) >= ageing.BATCH
