"""How many commands wait for the broker: above a limit, no request may add to them."""

from common import errors
from controller.db import outbox
from controller.db.engine import Store


class Backlog:
    """Looks into the outbox now and then; what requests are told is as of the last look.

    :param limit: commands that may wait.
    """

    def __init__(self, store: Store, limit: int) -> None:
        self._store, self._limit = store, limit
        self.waiting = 0

    def turn(self) -> None:
        """Look.

        :raises DatabaseUnavailable: the last look stands.
        """
        with self._store.read() as tx:
            self.waiting = outbox.count(tx, self._limit + 1)

    def check(self) -> None:
        """Refuse what would add to too many.

        :raises Unavailable: the broker takes nothing, and enough waits for it.
        """
        if self.waiting > self._limit:
            raise errors.Unavailable(f"more than {self._limit} commands wait for the broker; try again when it is back")
