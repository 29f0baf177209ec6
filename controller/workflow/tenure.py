"""Tenure: which named leases this controller holds. The scheduler's writer is one of them."""

import math
from collections.abc import Sequence

from controller.db import controllers, leases
from controller.db.engine import Store, Tx
from controller.workflow.presence import ALIVE
from controller.workflow.world import World

SCHEDULER = "scheduler"
NAMES = (SCHEDULER,)


def shard(number: int) -> str:
    """Give the name of the lease of a shard's writer."""
    return f"{SCHEDULER}-{number}" if number else SCHEDULER


class Tenure:
    """Takes leases and keeps them up. Steps that need one are fenced by the ledger's own comparisons besides.

    Where hosts are in several shards, it takes its share of their leases: as many as each controller that is there.

    :param holder: this controller's name, different from that of any other process.
    :param names: the leases to take.
    """

    def __init__(self, store: Store, world: World, holder: str, names: Sequence[str] = NAMES) -> None:
        self._store, self._world, self._holder = store, world, holder
        self._shards = [shard(number) for number in range(world.settings.scheduler.shards)]
        self._others = [name for name in names if name != SCHEDULER]
        self._seconds = world.settings.controller.scheduler_lease_seconds
        self._until: dict[str, float] = {}
        self._epochs: dict[str, int] = {}

    def turn(self) -> int:
        """Take what is free, prolong what is held; says how many were newly won. One transaction.

        :raises DatabaseUnavailable: what is held runs out by itself.
        """
        asked = self._world.clock.monotonic()
        before = {name for name in self._epochs if self._holds(name)}
        with self._store.tx() as tx:
            epochs = self._take(tx, self._others, len(self._others)) | self._take(tx, self._shards, self._share(tx))
        self._epochs = epochs
        self._until = dict.fromkeys(epochs, asked + self._seconds)
        won = epochs.keys() - before
        if won.intersection(self._shards):
            self._world.scheduler.reload()
        self._world.scheduler.own([number for number, name in enumerate(self._shards) if name in epochs])
        return len(won)

    def _take(self, tx: Tx, names: Sequence[str], most: int) -> dict[str, int]:
        """Take up to so many of these leases, those that are held first; what is held beyond is given back."""
        taken: dict[str, int] = {}
        for name in sorted(names, key=lambda name: name not in self._epochs):
            if len(taken) < most:
                epoch = leases.take(tx, name, self._holder, self._seconds, self._world.clock)
                taken |= {name: epoch} if epoch is not None else {}
            elif name in self._epochs:
                leases.give(tx, name, self._holder, self._epochs[name], self._world.clock)
        return taken

    def _share(self, tx: Tx) -> int:
        if len(self._shards) == 1:
            return 1
        there = controllers.alive(tx, self._world.clock.now() - ALIVE)
        return math.ceil(len(self._shards) / max(1, len(there)))

    def end(self) -> None:
        """Give back what is held, so that the next controller need not wait; call it when nothing acts on it any more.

        :raises DatabaseUnavailable: what is held runs out by itself.
        """
        held, self._until = self._epochs, {}
        with self._store.tx() as tx:
            for name, epoch in held.items():
                leases.give(tx, name, self._holder, epoch, self._world.clock)

    def holds(self, name: str) -> bool:
        """Say whether the lease is held now, counted from when it was asked for; the scheduler's: that of any shard."""
        return any(map(self._holds, self._shards)) if name == SCHEDULER else self._holds(name)

    def _holds(self, name: str) -> bool:
        return self._until.get(name, 0.0) > self._world.clock.monotonic()
