"""When a part of a lab that is killed does its work again."""

import urllib.request
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa

from controller.db import tables
from controller.db.engine import Store
from lab import places
from lab.plan import Plan


class _Host(NamedTuple):
    epoch: int
    heard_at: datetime


class Watched:
    """A part that is about to be killed, with what is known of it before."""

    def __init__(self, plan: Plan, name: str) -> None:
        self._plan, self._name = plan, name
        self.killed = places.pid(name)
        self._before = self._hosts()

    def back(self) -> bool:
        """Say whether it works: an agent was welcomed again, all hosts were heard through the broker, the API answers.

        :raises OSError, ToftError: who would have to say so does not answer.
        """
        if places.pid(self._name) == self.killed:
            return False
        if self._name.startswith("agent-"):
            host = self._name.removeprefix("agent-")
            return self._hosts()[host].epoch > self._before[host].epoch
        if self._name == "rabbitmq":
            started = datetime.fromtimestamp(places.pid_file(self._name).stat().st_mtime, UTC)
            return all(host.heard_at > started for host in self._hosts().values())
        if self._name == "postgresql":
            return bool(self._hosts())
        port = self._plan.ports[self._name]
        with urllib.request.urlopen(f"http://{self._plan.address}:{port}", timeout=2):
            return True

    def _hosts(self) -> dict[str, _Host]:
        table = tables.host.c
        store = Store(self._plan.database_url, 1)
        try:
            with store.read() as tx:
                return {
                    name: _Host(*rest) for name, *rest in tx.rows(sa.select(table.name, table.epoch, table.heard_at))
                }
        finally:
            store.close()
