"""The crier: publishes notifications, each at least once and a server's in order."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from common.model.notification import Notification
from controller.db import notifications
from controller.db.engine import Store
from controller.workflow.world import World

LOG = logging.getLogger(__name__)
BATCH = 64

Publish = Callable[[Mapping[str, Any]], None]
"""Send a message, and return once the broker has it. Raises BusUnavailable."""


class Crier:
    """Publishes; one controller at a time does, so that order is kept. It may be killed between publish and delete:
    the message then comes again, with the same ``message_id``.

    :param publish: may block for as long as the broker does; nothing but this loop waits for it.
    :param leads: says whether this controller is the one.
    """

    def __init__(self, store: Store, world: World, publish: Publish, leads: Callable[[], bool]) -> None:
        self._store, self._world, self._publish, self._leads = store, world, publish, leads

    def turn(self) -> bool:
        """Publish what waits; says whether there may be more. What is too old, or too much, is dropped and logged.

        :raises BusUnavailable: the broker is away: what was not published waits.
        :raises DatabaseUnavailable: likewise; what was published comes again.
        """
        if not self._leads():
            return False
        self._forget()
        with self._store.read() as tx:
            due = notifications.due(tx, self._world.clock.now(), BATCH)
        sent: list[str] = []
        try:
            for row in due:
                self._publish(message(row))
                sent.append(row.id)
        finally:
            if sent:
                with self._store.tx() as tx:
                    notifications.drop(tx, sent)
        return len(due) == BATCH

    def _forget(self) -> None:
        limits = self._world.settings.notifications
        before = self._world.clock.now() - timedelta(hours=limits.keep_hours)
        with self._store.tx() as tx:
            lost = notifications.forget(tx, before, limits.limit)
        if lost:
            LOG.error("%d notifications that nobody took are dropped; is the broker of [notifications] away?", lost)


def message(row: Notification) -> dict[str, Any]:
    """Put a row into the envelope that consumers of notifications know."""
    said = row.created_at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return {"message_id": row.id, "event_type": row.event_type, "timestamp": said, **msgspec.json.decode(row.body)}
