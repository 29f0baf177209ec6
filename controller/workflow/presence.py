"""Presence: how controllers know of one another."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from msgspec.structs import replace

from common import errors
from common.model.controller import Controller
from controller.db import controllers
from controller.db.engine import Store
from controller.workflow.world import World

SECONDS = 5.0
"""How often a controller says that it is there."""

ALIVE = timedelta(seconds=20)
"""How long after that it is believed."""

Gauges = Callable[[], Mapping[str, object]]
"""What a controller counts and measures of itself, as JSON."""


class Presence:
    """Keeps this controller's row; each ``turn`` is one transaction.

    :param name: as ``image_copy`` and the leases have it; no other controller may have the same.
    :param url: where agents and other controllers reach this one.
    """

    def __init__(self, store: Store, world: World, name: str, url: str, version: str, gauges: Gauges) -> None:
        self._store, self._world, self._gauges = store, world, gauges
        now = world.clock.now()
        self._row = Controller(name=name, url=url, version=version, started_at=now, seen_at=now)

    def arrive(self) -> None:
        """Say for the first time that this controller is there.

        :raises SettingsError: another one of the same name is there, at another address.
        :raises DatabaseUnavailable: it could not be said.
        """
        with self._store.read() as tx:
            known = controllers.alive(tx, self._world.clock.now() - ALIVE).get(self._row.name)
        if known and known.url != self._row.url:
            raise errors.SettingsError(
                f"a controller named {known.name} is at {known.url}: give this one another [controller] name, "
                f"or wait {ALIVE.seconds} s if that one is gone"
            )
        self.turn()

    def turn(self) -> bool:
        """Say that it is there, and how it is; there is no hurry to say it again.

        :raises DatabaseUnavailable: nothing was said.
        """
        row = replace(self._row, seen_at=self._world.clock.now(), gauges=dict(self._gauges()))
        with self._store.tx() as tx:
            controllers.write(tx, row)
        return False

    def leave(self) -> None:
        """Say that it goes.

        :raises DatabaseUnavailable: it is found out by its silence.
        """
        with self._store.tx() as tx:
            controllers.leave(tx, self._row.name)
