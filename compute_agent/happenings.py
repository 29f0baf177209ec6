"""What happens to guests by themselves, as the hypervisor tells it."""

from common.states import Power
from compute_agent.driver.contract import DomainEvent
from compute_agent.journal import Journal
from compute_agent.parts import Parts


class Happenings:
    """Takes events of guests. Where one thing happened others may have: each asks for a look at all domains."""

    def __init__(self, journal: Journal, parts: Parts) -> None:
        self._journal = journal
        self._convergence, self._drift, self._reporter = parts.convergence, parts.drift, parts.reporter
        self._suspect: set[str] = set()

    def take(self, event: DomainEvent) -> None:
        """Take an event; while its guest is worked on, that work says how it ends."""
        if self._convergence.working(event.server):
            self._suspect.add(event.server)
            return
        self._reporter.ask("states")
        entry = self._journal.entry(event.server)
        if event.lost or event.power in (None, Power.GONE) or entry is None or entry.tombstone:
            return
        if entry.state != "accepted":
            self._drift.power_seen(entry, event.power, event.reason)
            self._convergence.pursue(event.server)

    def tick(self) -> None:
        """Ask for a look where the work on a guest ended during which something happened to it."""
        calm = {server for server in self._suspect if not self._convergence.working(server)}
        if calm:
            self._suspect -= calm
            self._reporter.ask("states")
