"""Ageing: forgets what is kept for a while only."""

from controller.db import ageing
from controller.db.engine import Store
from controller.workflow.world import World


class Ageing:
    """Deletes old rows; each ``turn`` is one transaction, away from all that may not wait for it."""

    def __init__(self, store: Store, world: World) -> None:
        self._store, self._world = store, world

    def turn(self) -> bool:
        """Delete what is too old; there is no hurry to look again.

        :raises DatabaseUnavailable: nothing was done.
        """
        with self._store.tx() as tx:
            ageing.prune(tx, self._world.clock.now())
        return False
