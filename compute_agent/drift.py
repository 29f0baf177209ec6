"""What differs between the hypervisor and what was last settled, and what is done about it.

deleted here, yet present       deleted again
deleted here, yet with files    deleted again: a call that was given up made them, long after
settled here, yet missing       built again from the journal; a lost disk is an error, never replaced
QEMU crashed                    started again, a few times; then told
power other than last told      told: the guest, or someone on the host, did that by itself
running before a host's reboot  started again, a few guests at once
not wanted by the controller    left alone, and reported; so are files of a server that nobody knows

What nobody asked for and cannot be taken back (building and deleting again) is limited in rate: should the look itself
be wrong, little is lost before someone reads of it. What has to wait is reported with its reason.
"""

import logging
from collections.abc import Mapping, Sequence

import msgspec

from common.states import Power
from common.wire import Wanted
from compute_agent.allowance import Allowance
from compute_agent.converge import Convergence
from compute_agent.driver.contract import Listing
from compute_agent.guest_crashes import GuestCrashes
from compute_agent.journal import Entry
from compute_agent.wishes import Wishes
from compute_agent.world import World

LOG = logging.getLogger(__name__)

RAN = (Power.ON, Power.PAUSED)


class Drift:
    """Compares looks at the hypervisor with the journal. ``waiting``: server -> what is to be repaired, and waits."""

    def __init__(self, world: World, convergence: Convergence, wishes: Wishes) -> None:
        self._journal, self._convergence, self._wishes = world.journal, convergence, wishes
        clock, settings = world.clock, world.settings
        self._repairs = Allowance(clock, settings.repairs_per_minute, 60.0)
        self._crashes = GuestCrashes(world.journal, clock, settings.crash_restarts, settings.crash_seconds)
        self.waiting: dict[str, str] = {}

    def heed(self, wanted: Sequence[Wanted], listing: Listing, unsure: frozenset[str], *, rebooted: bool) -> None:
        """Take the desired list of a welcome. Bodies that are missing here follow as commands.

        :param rebooted: the host has restarted since its guests were last all seen to: they did not stop by themselves.
        """
        self._wishes.heed(wanted)
        powers = _powers(listing)
        for one in wanted:
            entry = self._journal.entry(one.server)
            if entry is None or entry.goal.generation != one.generation or entry.state == "failed":
                continue
            entry = self._wish_power(entry, one.power)
            fell = entry.seen in RAN and powers.get(one.server) in (Power.OFF, Power.CRASHED)
            if rebooted and fell and one.power is Power.ON and one.server not in unsure:
                self._bring_back(entry)
        self.compare(listing, unsure)

    def _wish_power(self, entry: Entry, power: Power) -> Entry:
        """Note the power that is wished now, which a guest that stopped by itself may have changed."""
        if entry.state == "settled" and power in (Power.ON, Power.OFF) and entry.goal.power is not Power.GONE:
            entry = msgspec.structs.replace(entry, goal=msgspec.structs.replace(entry.goal, power=power))
            self._journal.write(entry)
        return entry

    def _bring_back(self, entry: Entry) -> None:
        LOG.info("server %s ran before this host's restart and is started again", entry.goal.server)
        if entry.state == "settled":
            self._convergence.reopen(entry, "its host restarted")
        self._wishes.hold([entry])

    def compare(self, listing: Listing, unsure: frozenset[str]) -> None:
        """Journal what a look shows to be different. What is to be worked on is then open in the journal."""
        powers, files = _powers(listing), frozenset(listing.files)
        entries = self._journal.living()
        self.waiting.clear()
        for server in sorted(powers.keys() | entries.keys() | files):
            entry = entries.get(server) or self._journal.entry(server)
            if entry is not None and server not in unsure and entry.state == "settled" and self._wishes.current(entry):
                self._judge(entry, powers.get(server, Power.GONE), has_files=server in files)

    def _judge(self, entry: Entry, power: Power, *, has_files: bool) -> None:
        if entry.tombstone:
            if power is not Power.GONE:
                self._repair(entry, "it was deleted, and is here again")
            elif has_files:
                self._repair(entry, "it was deleted, and files of it are here again")
        elif power is Power.GONE:
            self._repair(entry, "its domain was missing")
        else:
            self.power_seen(entry, power, "seen by the agent's look at all domains")

    def _repair(self, entry: Entry, why: str) -> None:
        if self._repairs.take():
            LOG.error("server %s: %s; its host repairs that", entry.goal.server, why)
            self._convergence.reopen(entry, why)
        else:
            self.waiting[entry.goal.server] = f"{why}; repairing that waits, for a host repairs {self._repairs}"
            LOG.warning("server %s: %s", entry.goal.server, self.waiting[entry.goal.server])

    def power_seen(self, entry: Entry, power: Power, reason: str) -> None:
        """Take a guest's power as it was seen: one that crashed is started again, a few times; all else is told."""
        if power is Power.CRASHED and entry.seen is not power and self._runs(entry):
            if self._crashes.forgiven(entry.goal.server):
                LOG.warning("server %s: %s; it is started again", entry.goal.server, reason)
                self._convergence.reopen(entry, f"it crashed: {reason}")
                return
            reason = f"{reason}; it crashed more often than {self._crashes} and is left off"
        self._convergence.power_seen(entry, power, reason)

    def _runs(self, entry: Entry) -> bool:
        """Say whether a guest is settled as one that runs, and is wanted so still."""
        return entry.state == "settled" and entry.goal.power is Power.ON and self._wishes.current(entry)

    def leftovers(self, listing: Listing, unsure: frozenset[str]) -> tuple[str, ...]:
        """Name the servers of which only files are here, and that are neither wanted nor deleted as far as is known."""
        entries = {server: self._journal.entry(server) for server in listing.files if server not in unsure}
        return tuple(server for server, entry in entries.items() if entry is None or not self._wishes.stands(entry))

    def open(self) -> list[str]:
        """Name the servers whose goals are to be reached: those still wanted, and all that are to be gone."""
        accepted = self._journal.open()
        for server, entry in accepted.items():
            if entry.goal.power is not Power.GONE and not self._wishes.current(entry):
                LOG.warning("server %s: its journalled goal is not what the controller wants; it is left alone", server)
        return list(accepted)


def _powers(listing: Listing) -> Mapping[str, Power]:
    return {domain.server: domain.power for domain in listing.present}
