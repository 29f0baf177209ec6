"""What a host tidies up once in a while, by itself: old tombstones, images, addresses and networks that nobody needs.

A call that was given up may still be made, when its server is long deleted: then it leaves an address in a network's
DHCP, or a network. What no domain has and no server here is to have is taken back.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from common.states import Power
from compute_agent.operation import Operation, do
from compute_agent.world import World

LOG = logging.getLogger(__name__)

TOMBSTONES = timedelta(days=30)
"""How long the journal remembers a deleted server."""


class Chores:
    """The chores of one host.

    :param may_act: whether the host is welcome still; where it is not, no more is begun.
    """

    def __init__(self, world: World, may_act: Callable[[], bool]) -> None:
        self._driver, self._journal, self._clock = world.driver, world.journal, world.clock
        self._may_act = may_act

    def round(self) -> Operation[None]:
        """Do all of them once."""
        self._journal.prune(self._clock.now() - TOMBSTONES)
        goals = [entry.goal for entry in self._journal.living().values()]
        keep = frozenset(goal.image.digest for goal in goals if goal.image and goal.power is not Power.GONE)
        yield from do(self._driver.prune_images, keep, lane="image:", deadline=600.0)
        leftovers = yield from do(self._driver.network_leftovers)
        for network, macs in leftovers.items():
            yield from self._tidy(network, macs)

    def _tidy(self, network: str, macs: tuple[str, ...]) -> Operation[None]:
        """Take back addresses of a network, then itself. Before each the journal is asked anew: a server whose goal
        came meanwhile has its place in the network's lane behind this."""
        lane = f"network:{network}"
        for mac in macs:
            if self._may_act() and mac not in self._needed(network):
                LOG.warning("network %s: nobody has the address of %s any more; it is taken back", network, mac)
                yield from do(self._driver.unbind_port, network, mac, lane=lane)
        if self._may_act() and not self._needed(network):
            yield from do(self._driver.remove_network, network, lane=lane)

    def _needed(self, network: str) -> frozenset[str]:
        """Give the MACs that servers here are to have on a network."""
        ports = (port for goal in self._journal.goals() if goal.power is not Power.GONE for port in goal.ports)
        return frozenset(port.mac for port in ports if port.network.id == network)
