"""A simulated host: what survives its agent (guests, disks, the journal's file), and what may befall it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from common.states import Power
from compute_agent.driver.memory import MemoryDriver
from compute_agent.operation import Call
from compute_agent.runner import Outcome
from tests.simulation.agents import AgentProcess
from tests.simulation.bus import Reader
from tests.simulation.furnish import INVENTORY
from tests.simulation.turns import Crash

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet


class SimulatedHost:
    """One machine. ``older`` is an agent process that was stopped, and may wake beside the present one."""

    def __init__(self, number: int, fleet: "Fleet", folder: Path) -> None:
        self.fleet, self._folder = fleet, folder
        self.id, self.name = f"00000000-0000-4000-8000-0000000000a{number}", f"host-{number}"
        self.driver = MemoryDriver(INVENTORY)
        self.powered, self.cut = True, False
        self.abandoned: list[tuple[AgentProcess, str, Call]] = []
        self.older: AgentProcess | None = None
        self.older_sleeps = True
        self.agent: AgentProcess | None = None
        self._boots = self._journals = self._agents = 1
        self.upset: dict[str, float] = {}
        """Servers whose guests were stopped, or started, by what nobody wished; and when that was last."""
        self._reader = Reader(fleet.broker, self.id, self.name, fleet.weather.batch)
        self.start()

    @property
    def _journal(self) -> Path:
        return self._folder / f"{self.name}-{self._journals}.sqlite"

    def start(self) -> None:
        """Start the agent; power the host on before, if need be."""
        self.powered = True
        if self.agent is None:
            self.fleet.trace.tell(self.name, "the agent starts")
            self._agents += 1
            self.agent = AgentProcess(self, self._journal, f"boot-{self._boots}", self.name)

    def processes(self) -> list[AgentProcess]:
        """Give the agent processes that are awake."""
        awake = [self.agent, None if self.older_sleeps else self.older]
        return [process for process in awake if process is not None]

    def die(self, process: AgentProcess) -> None:
        """End an agent process here. What its calls are doing may still happen."""
        self.fleet.trace.tell(process.name, "the agent is dead")
        for lane, job in process.lanes.hung.items():
            self.abandoned.append((process, lane, job.call))
        process.journal.close()
        if process is self.agent:
            self.agent = None
        else:
            self.older = None
        self._reader.close()
        self._reader.twist = ""

    def act(self, process: AgentProcess, what: str, *args: object) -> None:
        """Let a process do something; it may die of it."""
        try:
            getattr(process, what)(*args)
        except Crash:
            self.die(process)

    def take(self, process: AgentProcess, twist: str) -> None:
        """Let a process take commands, if any can reach it."""
        if not self.cut and self.fleet.broker.queues.get(self.id):
            self.act(process, "take", self._reader, twist)

    def make(self, process: AgentProcess, call: Call, lane: str, *, late: bool = False) -> Outcome:
        """Make a call on the hypervisor. ``late``: nobody waits for it; so it is with all that an older agent does."""
        late = late or process is self.older
        try:
            outcome = Outcome(call.make())
        except Exception as error:  # it belongs to the operation that asked for the call
            outcome = Outcome(error=error)
        self.fleet.trace.tell(process.name, f"{call.name} in {lane}{f': {outcome.error}' if outcome.error else ''}")
        if late:
            self.stopped(lane.removeprefix("server:"))
        self.fleet.checker.called(self, process, call, lane, late=late)
        return outcome

    # ---- what may befall it --------------------------------------------------------------------------------
    def stopped(self, server: str) -> None:
        """Note that something stopped a guest that no wish had stopped, or may have."""
        self._upset([server])
        self.fleet.checker.starts.stopped(self.id, server)

    def _upset(self, servers: Iterable[str]) -> None:
        self.upset |= dict.fromkeys(servers, self.fleet.clock.monotonic())

    def make_late(self, place: int) -> None:
        """Let a call that was given up be made after all; nobody hears its answer."""
        process, lane, call = self.abandoned.pop(place % len(self.abandoned))
        process.lanes.abandoned.pop(lane, None)
        self.fleet.trace.fault(self.name, "late call", f"{call.name} in {lane}")
        self.make(process, call, lane, late=True)

    def lose_power(self) -> None:
        """Cut the machine's power."""
        for server in self.guests(Power.ON):
            self.fleet.checker.starts.stopped(self.id, server)
            if self._journals > 1:  # it does not know that they ran
                self._upset([server])
        self.driver.boot()
        self._boots += 1
        self.powered = False
        self.abandoned.clear()
        self.older = None
        if self.agent:
            self.die(self.agent)

    def lose_journal(self) -> None:
        """Install the agent anew: its journal is gone."""
        if self.agent:
            self.die(self.agent)
        self.fleet.checker.starts.forgot(self.id, self.fleet.known())
        self._upset(self.guests(Power.OFF, Power.CRASHED))  # it will not know that they ran
        self._journals += 1

    def fork(self) -> None:
        """Stop the agent where it is, with a copy of its journal, and start another in its place."""
        assert self.agent is not None
        self.fleet.checker.starts.forgot(self.id, self.fleet.known())
        copy = self._folder / f"{self.name}-old-{self._agents}.sqlite"
        self.agent.move(copy)
        self.older, self.older_sleeps = self.agent, True
        self.agent = None
        self.start()

    def close(self) -> None:
        """Close what is open."""
        for process in (self.agent, self.older):
            if process:
                process.journal.close()

    def busy(self) -> bool:
        """Say whether anything is under way here: a call, a message to it, an event that it has not said."""
        process = self.agent
        under_way = process is not None and (process.lanes.ready() or process.lanes.hung or process.unconfirmed)
        return bool(under_way or self.fleet.broker.queues.get(self.id))

    def guests(self, *powers: Power) -> list[str]:
        """Name the servers whose domains here are in one of these states; in any, unless some are named."""
        return [server for server, d in sorted(self.driver.domains.items()) if not powers or d.power in powers]
