"""A host while a batch is decided: it remembers what earlier servers of the same batch took."""

from collections.abc import Mapping
from datetime import datetime

from common import resources
from common.model.host import HostState
from controller.db.ledger import WHOLE, Shelf
from controller.scheduler.contract import Ask


class Candidate:
    """A host that may be chosen."""

    def __init__(self, shelf: Shelf, now: datetime) -> None:
        self.shelf = shelf
        self.up = shelf.state == HostState.UP and shelf.lease_until > now
        self.stocks = {name: stock for (cell, name), stock in shelf.stocks.items() if cell == WHOLE}
        self.used = {name: stock.used for name, stock in self.stocks.items()}

    @property
    def name(self) -> str:
        """Give the host's name."""
        return self.shelf.name

    def free(self, resource: str) -> int:
        """Give how much of a resource a guest could still ask for; its overhead is taken off."""
        stock = self.stocks.get(resource)
        if stock is None:
            return 0
        return max(0, stock.capacity - self.used[resource] - self._overhead(resource))

    def claimed(self, ask: Ask) -> dict[str, int]:
        """Give what a guest would claim here: what it asks for, and what QEMU takes beside it."""
        return {name: amount + self._overhead(name) for name, amount in ask.amounts.items() if amount}

    def take(self, amounts: Mapping[str, int]) -> None:
        """Remember a claim."""
        for name, amount in amounts.items():
            self.used[name] += amount

    def left(self, ask: Ask) -> float:
        """Give the share of the host, from 0 to 1, that stays free with this guest on it: the mean over resources."""
        shares = [
            (self.stocks[name].capacity - self.used[name] - amount) / max(1, self.stocks[name].capacity)
            for name, amount in self.claimed(ask).items()
        ]
        return sum(shares) / max(1, len(shares))

    @property
    def in_use(self) -> bool:
        """Say whether any server has a claim on it."""
        return any(self.used.values())

    def _overhead(self, resource: str) -> int:
        return self.shelf.inventory.get("overhead_mib", 0) if resource == resources.MEMORY_MB else 0
