"""Tenure: which named leases this controller holds. The scheduler's writer is one of them."""

from collections.abc import Sequence

from controller.db import leases
from controller.db.engine import Store
from controller.workflow.world import World

NAMES = ("scheduler",)


class Tenure:
    """Takes leases and keeps them up. Steps that need one are fenced by the ledger's own comparisons besides.

    :param holder: this controller's name, different from that of any other process.
    :param names: the leases to take.
    """

    def __init__(self, store: Store, world: World, holder: str, names: Sequence[str] = NAMES) -> None:
        self._store, self._world, self._holder, self._names = store, world, holder, names
        self._seconds = world.settings.controller.scheduler_lease_seconds
        self._until: dict[str, float] = {}
        self._epochs: dict[str, int] = {}

    def turn(self) -> int:
        """Take what is free, prolong what is held; says how many were newly won. One transaction.

        :raises DatabaseUnavailable: what is held runs out by itself.
        """
        asked = self._world.clock.monotonic()
        before = {name for name in self._names if self.holds(name)}
        with self._store.tx() as tx:
            held = [leases.take(tx, n, self._holder, self._seconds, self._world.clock) for n in self._names]
        taken = dict(zip(self._names, held, strict=True))
        self._epochs = {name: epoch for name, epoch in taken.items() if epoch is not None}
        self._until = dict.fromkeys(self._epochs, asked + self._seconds)
        won = self._epochs.keys() - before
        if "scheduler" in won:
            self._world.scheduler.reload()
        return len(won)

    def end(self) -> None:
        """Give back what is held, so that the next controller need not wait; call it when nothing acts on it any more.

        :raises DatabaseUnavailable: what is held runs out by itself.
        """
        held, self._until = self._epochs, {}
        with self._store.tx() as tx:
            for name, epoch in held.items():
                leases.give(tx, name, self._holder, epoch, self._world.clock)

    def holds(self, name: str) -> bool:
        """Say whether the lease is held now, counted from when it was asked for."""
        return self._until.get(name, 0.0) > self._world.clock.monotonic()
