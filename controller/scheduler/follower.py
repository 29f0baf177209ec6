"""Keeps a fleet as the ledger is, reading no more than what changed."""

from collections.abc import Callable, Collection, Iterable

from common.clock import Clock
from controller.db import aggregates, ledger
from controller.db.engine import Tx
from controller.scheduler.fleet import Fleet
from controller.scheduler.variants import Zones
from controller.scheduler.views import view

LOOK_SECONDS = 1.0
"""How often is looked at what no stamp tells of: leases that ended, hosts and aggregates that are gone."""


def _all(_host: str) -> bool:
    return True


class Follower:
    """What it knows of each host is checked by generation and epoch, and never trusted alone: the ledger compares the
    generations again when claims are written.

    :param follows: says of a host's id whether it is followed at all.
    """

    def __init__(self, fleet: Fleet, clock: Clock, follows: Callable[[str], bool] = _all) -> None:
        self._fleet, self._clock, self._follows = fleet, clock, follows
        self._count = 0
        self._known: dict[str, tuple[int, int]] = {}
        self._horizon = 0
        self._unsure: set[str] = set()
        self._late: frozenset[str] = frozenset()
        self._looked: float | None = None
        self.zones: Zones = {}
        """The aggregates of each availability zone, by its name."""

    def catch_up(self, tx: Tx) -> None:
        """Bring the fleet up to what this transaction sees."""
        news = ledger.news(tx, self._horizon)
        fresh = {host for host, stand in news.hosts.items() if self._is_news(host, stand)}
        self._read(tx, self._unsure | fresh)
        self._horizon, self._unsure = news.horizon, set()
        now = self._clock.monotonic()
        if self._looked is None or now - self._looked >= LOOK_SECONDS:
            self._look(tx)
            self._looked = now

    def _is_news(self, host: str, stand: tuple[int, int]) -> bool:
        """Say whether a host is to be read: one at an earlier generation has claims of ours that are not committed."""
        generation, epoch = self._known.get(host, (-1, -1))
        return (stand[0] > generation or stand[1] != epoch) and self._follows(host)

    def doubt(self, hosts: Iterable[str]) -> None:
        """Have hosts read anew, whatever is known of them; others than those that are followed are left out."""
        self._unsure.update(filter(self._follows, hosts))

    def begin_anew(self) -> None:
        """Forget all hosts: others than before are followed."""
        self._forget(set(self._known))
        self._horizon, self._unsure, self._looked = 0, set(), None

    def generations(self, hosts: Collection[str]) -> dict[str, int]:
        """Give the generations that hosts were read at; each has one change more from now on."""
        stands = {host: self._known[host] for host in hosts}
        self._known |= {host: (generation + 1, epoch) for host, (generation, epoch) in stands.items()}
        return {host: generation for host, (generation, _) in stands.items()}

    def _read(self, tx: Tx, hosts: Collection[str]) -> None:
        now = self._clock.now()
        shelves = ledger.shelves(tx, sorted(hosts))
        self._fleet.load(view(shelf, now) for shelf in shelves)
        self._known |= {shelf.id: (shelf.generation, shelf.epoch) for shelf in shelves}
        self._late |= {shelf.id for shelf in shelves if shelf.lease_until <= now}
        self._forget(set(hosts) - {shelf.id for shelf in shelves})

    def _forget(self, hosts: Collection[str]) -> None:
        self._fleet.forget(hosts)
        for host in hosts:
            self._known.pop(host, None)

    def _look(self, tx: Tx) -> None:
        count, late = ledger.late(tx, self._clock.now())
        turned, self._late = self._late ^ late, late
        self._read(tx, turned & self._known.keys())
        if count != self._count:
            self._forget(self._known.keys() - ledger.news(tx).hosts.keys())
            self._count = count
        made = aggregates.all(tx)
        zones = {one.zone for one in made if one.zone is not None}
        self.zones = {zone: frozenset(one.id for one in made if one.zone == zone) for zone in sorted(zones)}
