"""Request classes: servers that ask for the same see all hosts alike, so what one looked at serves the next."""

from collections import OrderedDict

import numpy as np

from controller.scheduler.cells import CellRule
from controller.scheduler.columns import RATIO, ROOM, Floats, Slots
from controller.scheduler.mirror import Mirror
from controller.scheduler.profiles import Ranks, rank
from controller.scheduler.score import Policy
from controller.scheduler.terms import Demand, Fall

_AT_ONCE = 8192
"""Hosts judged in one go: what is made on the way stays in the CPU's cache."""
_ROOM = 64 * 2**20
"""Bytes that all classes' rows may take."""
_PER_HOST = 5
_FEWEST = 16

_PLAIN_RANKS = np.array([[rank(f)] for f in (Fall.CPUS, Fall.CPUS, Fall.MEMORY, Fall.DISK)], dtype=np.uint8)
_RESOURCES = np.uint8(rank(Fall.RESOURCES))


class RequestClass:
    """A score and a rank of failure for each host; hosts that changed are judged again when somebody asks."""

    def __init__(self, demand: Demand, mirror: Mirror, policy: Policy) -> None:
        self.demand = demand
        self._mirror, self._policy = mirror, policy
        self._layout = self._seen = -1

    def catch_up(self) -> "RequestClass":
        """Judge the hosts that changed since it looked last."""
        mirror = self._mirror
        changed = mirror.changed_since(self._seen) if self._layout == mirror.layout else None
        if changed is None:
            self._begin()
            for first in range(0, len(mirror.ids), _AT_ONCE):
                self._judge(np.arange(first, min(first + _AT_ONCE, len(mirror.ids)), dtype=np.intp))
        elif changed.size:
            if len(self._profiles) < len(mirror.profiles):
                self._meet()
            self._judge(changed)
        self._seen = mirror.now
        return self

    def _begin(self) -> None:
        """Make what stays the same as long as the hosts are the same."""
        mirror, demand = self._mirror, self.demand
        self._layout = mirror.layout
        self.scores = np.full(len(mirror.ids), np.inf, dtype=np.float32)
        self.ranks: Ranks = np.zeros(len(mirror.ids), dtype=np.uint8)
        self._meet()
        amounts = [demand.shared, demand.dedicated, 0 if demand.page_kib else demand.memory_mib, demand.disk_gib]
        self._amounts = np.array(amounts, dtype=np.float64)[:, np.newaxis]
        self._further = [(mirror.columns.row_of(name), amount) for name, amount in demand.resources if amount]
        self._cells = CellRule(demand, mirror.planes) if demand.cells or demand.devices else None

    def _judge(self, slots: Slots) -> None:
        """Judge these hosts by all that the class asks for."""
        seen = self._mirror.columns.seen(slots)
        left = seen[ROOM]
        left -= self._claimed(seen)
        ranks = np.maximum.reduce(_PLAIN_RANKS * (left < 0))
        if self._choosy:
            ranks = np.maximum(ranks, self._profiles.take(self._mirror.profile.take(slots)))
        for row, amount in self._further:
            short = np.True_ if row is None else seen[row] < amount
            ranks = np.maximum(ranks, _RESOURCES * short)
        if self._cells:
            ranks = np.maximum(ranks, self._cells.ranks(slots))
        scores = self._policy.score(self.demand, seen)
        np.putmask(scores, ranks, np.inf)
        self.ranks.put(slots, ranks)
        self.scores.put(slots, scores)

    def _claimed(self, seen: Floats) -> Floats:
        """Give the plain amounts; locked memory is claimed at each host's own ratio."""
        if not self.demand.locked or self.demand.page_kib:
            return self._amounts
        claimed = np.repeat(self._amounts, seen.shape[1], axis=1)
        claimed[2] = np.ceil(self.demand.memory_mib * seen[RATIO])
        return claimed

    def _meet(self) -> None:
        """Judge every profile that hosts have or had; most classes are content with all."""
        self._profiles = self._mirror.profiles.ranks(self.demand)
        self._choosy = bool(self._profiles.any())


class Classes:
    """The classes asked for lately; those used least recently give way."""

    def __init__(self, mirror: Mirror, policy: Policy) -> None:
        self._mirror, self._policy = mirror, policy
        self._classes: OrderedDict[Demand, RequestClass] = OrderedDict()

    def of(self, demand: Demand) -> RequestClass:
        """Give a demand's class, caught up."""
        found = self._classes.get(demand)
        if found is None:
            found = self._classes[demand] = RequestClass(demand, self._mirror, self._policy)
            while len(self._classes) > self.most:
                self._classes.popitem(last=False)
        else:
            self._classes.move_to_end(demand)
        return found.catch_up()

    @property
    def most(self) -> int:
        """How many classes are kept."""
        return max(_FEWEST, _ROOM // (_PER_HOST * max(1, len(self._mirror.ids))))
