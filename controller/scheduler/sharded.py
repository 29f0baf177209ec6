"""Several schedulers: the hosts are divided into shards, and each controller fills those that it holds the leases of.

A server goes to a shard of the controller that took it. Where none of its hosts fits, all hosts are looked at: then two
controllers may want the same one, and the ledger's comparison lets one of them decide again.
"""

import zlib
from collections.abc import Collection, Sequence

from common import settings
from common.clock import Clock
from common.ids import Ids
from controller.db import groups, ledger
from controller.db.engine import Tx
from controller.scheduler.chosen import policy as policy_of
from controller.scheduler.contract import Decision, Scheduler
from controller.scheduler.exact import ExactScheduler, already
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, Together


def shard_of(host: str, shards: int) -> int:
    """Give the shard that a host is in, from 0."""
    return zlib.crc32(host.encode()) % shards


def scheduler(clock: Clock, ids: Ids, chosen: settings.Scheduler) -> Scheduler:
    """Make the scheduler that the settings ask for."""
    policy = policy_of(chosen)
    if chosen.shards == 1:
        return ExactScheduler(clock, ids, policy)
    return ShardedScheduler(clock, ids, policy, chosen.shards)


class ShardedScheduler:
    """A ``Scheduler`` that fills its own shards first. It owns none until ``own`` is called.

    :param shards: how many there are.
    """

    def __init__(self, clock: Clock, ids: Ids, policy: Policy, shards: int) -> None:
        self._shards = shards
        self._mine: frozenset[int] = frozenset()
        self._near = ExactScheduler(clock, ids, policy, self._is_mine)
        self._far = ExactScheduler(clock, ids, policy)

    def claim(self, tx: Tx, asks: Sequence[Ask]) -> list[Decision]:
        """Decide on the own shards, and on all hosts for those that find none there; see ``Scheduler``."""
        kept = ledger.claims(tx, [ask.server for ask in asks])
        new = [ask for ask in asks if ask.server not in kept]
        made = self._near.place(tx, [ask for ask in new if not _looks_around(ask)], insist=False)
        left = [ask for ask in new if ask.server not in made]
        if left:
            groups.get(tx, {ask.group.id for ask in left if ask.group}, lock=True)  # one after another
            made |= self._far.place(tx, left)
        return [made.get(ask.server) or already(ask.server, kept[ask.server]) for ask in asks]

    def release(self, tx: Tx, servers: Sequence[str]) -> None:
        """Give back all that the ledger shows for these servers; again is harmless."""
        ledger.release(tx, servers)

    def reload(self) -> None:
        """Doubt what is remembered of the last claims: either may have read what the other claimed."""
        hosts = self._near.touched() | self._far.touched()
        self._near.doubt(hosts)
        self._far.doubt(hosts)

    def own(self, shards: Collection[int]) -> None:
        """Fill these shards from now on."""
        if self._mine != frozenset(shards):
            self._mine = frozenset(shards)
            self._near.begin_anew()

    def _is_mine(self, host: str) -> bool:
        return shard_of(host, self._shards) in self._mine


def _looks_around(ask: Ask) -> bool:
    """Say whether a server's place depends on where others of its group are, in whatever shard."""
    return ask.group is not None and ask.group.policy is not Together.ANTI_AFFINITY
