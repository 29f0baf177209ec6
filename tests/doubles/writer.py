"""A writer without a queue, idempotency or retries: one transaction a change."""

from typing import Any

from controller.db.engine import Store
from controller.workflow.world import World
from controller.writer import Change, Key


class DirectWriter:
    """Applies each change at once and remembers the keys that it was given."""

    def __init__(self, store: Store, world: World) -> None:
        self._store, self._world = store, world
        self.keys: list[Key | None] = []

    def submit(self, change: Change[Any], key: Key | None = None) -> Any:
        self.keys.append(key)
        with self._store.tx() as tx:
            (result,) = type(change).accept(tx, [change], self._world)
        if isinstance(result, Exception):
            raise result
        return result
