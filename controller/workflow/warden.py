"""The warden: hosts that say too much lose their voice for a while, and credentials whose time is over end."""

import logging
from collections.abc import Callable
from datetime import timedelta

from controller.broker import Broker
from controller.db import credentials, hosts
from controller.db.engine import Store
from controller.workflow.world import World

LOG = logging.getLogger(__name__)


class Warden:
    """Looks at who is loud and at the clock. Calls the broker between transactions, never in one.

    :param loud: gives the hosts that said too much since it was last asked (``Rates.loud``).
    """

    def __init__(self, store: Store, world: World, broker: Broker, loud: Callable[[], set[str]]) -> None:
        self._store, self._world, self._broker, self._loud = store, world, broker, loud

    def turn(self) -> bool:
        """Do what is due.

        :raises BusUnavailable: the broker's management is away; the next turn tries again.
        :raises DatabaseUnavailable: likewise.
        """
        self._mute(self._loud())
        self._unmute()
        self._retire()
        return False

    def _mute(self, loud: set[str]) -> None:
        if not loud:
            return
        now = self._world.clock.now()
        with self._store.tx() as tx:
            found = hosts.get(tx, loud, lock=True)
            hosts.set_muted(tx, found, now)
            users = credentials.users(tx, found)
        for host in found.values():
            if host.muted_at is None:
                LOG.error("host %s (%s) says too much and is muted for a while", host.name, host.id)
        self._each(users, self._broker.mute)

    def _unmute(self) -> None:
        until = self._world.clock.now() - timedelta(seconds=self._world.settings.bus.mute_seconds)
        with self._store.read() as tx:
            calm = hosts.muted_before(tx, until)
            users = credentials.users(tx, calm)
        if calm:
            self._each(users, self._broker.unmute)
            with self._store.tx() as tx:
                hosts.set_muted(tx, calm, None)
            LOG.warning("hosts may speak again: %s", ", ".join(calm))

    def _each(self, users: dict[str, list[str]], act: Callable[[str, str], None]) -> None:
        for host, names in sorted(users.items()):
            for user in names:
                act(host, user)

    def _retire(self) -> None:
        """End credentials whose time is over; one that its host still uses stays until a newer one is used."""
        with self._store.read() as tx:
            due = credentials.due(tx, self._world.clock.now())
            used = {c.id for c in credentials.in_use(tx, {c.host_id for c in due}).values()}
        over = [c for c in due if c.id not in used]
        for credential in over:
            if credential.broker_user:
                self._broker.shut_out(credential.broker_user)
        if over:
            with self._store.tx() as tx:
                credentials.remove(tx, [c.id for c in over])
            LOG.info("credentials retired: %s", ", ".join(c.id for c in over))
