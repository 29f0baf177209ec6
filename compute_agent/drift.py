"""What differs between the hypervisor and what was last settled, and what is done about it.

deleted here, yet present       deleted again
settled here, yet missing       built again from the journal; a lost disk is an error, never replaced
power other than last told      told: the guest, or someone on the host, did that by itself
running before a host's reboot  started again
not wanted by the controller    left alone, and reported
"""

import logging
from collections.abc import Mapping, Sequence

import msgspec

from common.states import Power
from common.wire import Wanted
from compute_agent.converge import Convergence
from compute_agent.driver.contract import Listing
from compute_agent.journal import Entry, Journal

LOG = logging.getLogger(__name__)

RAN = (Power.ON, Power.PAUSED)


class Drift:
    """Compares looks at the hypervisor with the journal. Knows which servers the controller wants here."""

    def __init__(self, journal: Journal, convergence: Convergence) -> None:
        self._journal, self._convergence = journal, convergence
        self._wanted: dict[str, int] = {}

    def heed(self, wanted: Sequence[Wanted], listing: Listing, unsure: frozenset[str], *, rebooted: bool) -> None:
        """Take the desired list of a welcome. Bodies that are missing here follow as commands.

        :param rebooted: the host has restarted since its last welcome: its guests did not stop by themselves.
        """
        self._wanted = {one.server: one.generation for one in wanted}
        powers = _powers(listing)
        for one in wanted:
            entry = self._journal.entry(one.server)
            if entry is None or entry.goal.generation != one.generation or entry.state != "settled":
                continue
            if one.power in (Power.ON, Power.OFF) and entry.goal.power is not Power.GONE:
                goal = msgspec.structs.replace(entry.goal, power=one.power)
                entry = msgspec.structs.replace(entry, goal=goal)
                self._journal.write(entry)
            fell = entry.seen in RAN and powers.get(one.server) in (Power.OFF, Power.CRASHED)
            if rebooted and fell and one.power is Power.ON and one.server not in unsure:
                LOG.info("server %s ran before this host's reboot and is started again", one.server)
                self._convergence.reopen(entry)
        self.compare(listing, unsure)

    def accept(self, server: str, generation: int) -> None:
        """Note that the controller wants this."""
        self._wanted[server] = generation

    def compare(self, listing: Listing, unsure: frozenset[str]) -> None:
        """Journal what a look shows to be different. What is to be worked on is then in ``open``."""
        powers = _powers(listing)
        entries = self._journal.living()
        for server in sorted(powers.keys() | entries.keys()):
            entry = entries.get(server) or self._journal.entry(server)
            if entry is not None and server not in unsure and self._settled(entry):
                self._judge(entry, powers.get(server, Power.GONE))

    def open(self) -> list[str]:
        """Name the servers whose goals are to be reached: those still wanted, and all that are to be gone."""
        accepted = self._journal.open()
        ready = [
            server
            for server, entry in accepted.items()
            if entry.goal.power is Power.GONE or self._wanted.get(server) == entry.goal.generation
        ]
        for server in accepted.keys() - set(ready):
            LOG.warning("server %s: its journalled goal is not what the controller wants; it is left alone", server)
        return ready

    def _settled(self, entry: Entry) -> bool:
        wanted = self._wanted.get(entry.goal.server, entry.goal.generation if entry.tombstone else None)
        return entry.state == "settled" and wanted == entry.goal.generation

    def _judge(self, entry: Entry, power: Power) -> None:
        server = entry.goal.server
        if entry.tombstone:
            if power is not Power.GONE:
                LOG.warning("server %s was deleted and is here again: it is deleted again", server)
                self._convergence.reopen(entry)
        elif power is Power.GONE:
            LOG.error("server %s: its domain is missing", server)
            self._convergence.reopen(entry)
        else:
            self._convergence.power_seen(entry, power, "seen by the agent's look at all domains")


def _powers(listing: Listing) -> Mapping[str, Power]:
    return {domain.server: domain.power for domain in listing.present}
