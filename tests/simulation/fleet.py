"""A whole fleet in one thread: controllers, a broker, a database, hosts with guests, and tenants."""

import random
import re
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from common.clock import ManualClock
from common.ids import time_ordered
from tests.simulation.bus import Broker, Message
from tests.simulation.clients import Clients
from tests.simulation.controllers import SimulatedController
from tests.simulation.database import Disk
from tests.simulation.furnish import NOW
from tests.simulation.hosts import SimulatedHost
from tests.simulation.invariants import Checker
from tests.simulation.trace import Trace
from tests.simulation.weather import Weather

READY_AT = "max(wake_at, coalesce(lease_until, wake_at))"
"""When a workflow can be taken: it is due, and nobody holds its lease any more."""

DUE_WORK = f"SELECT 1 FROM workflow WHERE state = 'live' AND {READY_AT} <= ? LIMIT 1"
DUE_OUTBOX = "SELECT 1 FROM outbox WHERE retry_at <= ? LIMIT 1"
NAMES = re.compile(rb'"(?:verb|kind)":"([a-z]+)"')
SERVER = re.compile(rb'"server":"[0-9a-f-]+([0-9a-f]{4})"')
GENERATION = re.compile(rb'"generation":([0-9]+)')
NEXT = f"""SELECT min(at) FROM (SELECT min({READY_AT}) at FROM workflow WHERE state = 'live'
UNION ALL SELECT min(retry_at) FROM outbox)"""

MOMENT = 0.5
"""Virtual seconds."""


class Fleet:
    """Everything there is in one run. ``servers`` are those not deleted, as (id, state, host)."""

    def __init__(self, seed: int, weather: Weather, disk: Disk, *, keeps: bool = False) -> None:
        disk.reset()
        self.weather, self.disk = weather, disk
        self.clock = ManualClock(NOW)
        self.ids = time_ordered(self.clock, random.Random(f"ids {seed}").randbytes)
        self.trace = Trace(self.clock, keeps=keeps)
        self.checker = Checker(self)
        self.broker = Broker(self.trace)
        self.held_back: list[tuple[str, Message]] = []
        self.servers: list[tuple[str, str, str | None]] = []
        self.commits = 0
        self._folder = Path(tempfile.mkdtemp(prefix="hosts-", dir=disk.folder))
        self.controllers = [SimulatedController(n, self) for n in range(weather.controllers)]
        self.hosts = [SimulatedHost(n, self, self._folder) for n in range(weather.hosts)]
        self.clients = Clients(self)

    def close(self) -> None:
        """Leave nothing behind."""
        for controller in self.controllers:
            if controller.alive:
                controller.die()
        for host in self.hosts:
            host.close()
        shutil.rmtree(self._folder)

    def committed(self, who: str) -> None:
        """Check what a commit did."""
        self.commits += 1
        self.checker.committed()

    def known(self) -> list[str]:
        """Name the servers that are not deleted."""
        return [server for server, _, _ in self.servers]

    def work_is_due(self) -> bool:
        """Say whether a workflow could be run now."""
        return bool(self.disk.rows(DUE_WORK, self._now()))

    def outbox_is_due(self) -> bool:
        """Say whether a command could be published now."""
        return bool(self.disk.rows(DUE_OUTBOX, self._now()))

    def pause(self) -> float:
        """Give the seconds until somebody has something to do; a moment, where what is due has to wait for somebody."""
        seconds = self._next_due() - self.clock.monotonic()
        return round(max(0.001, seconds), 3) if seconds > 0 else MOMENT

    def _next_due(self) -> float:
        ((at,),) = self.disk.rows(NEXT)
        due = [(datetime.fromisoformat(at) - NOW).total_seconds()] if at else []
        due += [controller.next_due() for controller in self.controllers if controller.alive]
        due += [process.next_due() for host in self.hosts for process in host.processes()]
        return min(due, default=self.clock.monotonic() + 1.0)

    def name_of(self, queue: str) -> str:
        """Name the reader of a queue, for people."""
        return next((host.name for host in self.hosts if host.id == queue), "the controllers")

    def describe(self, body: bytes) -> str:
        """Say what a message is, for people."""
        what, server, generation = (pattern.search(body) for pattern in (NAMES, SERVER, GENERATION))
        words = [what.group(1).decode() if what else "a message"]
        if server:
            words.append(f"{server.group(1).decode()} at {generation.group(1).decode() if generation else 0}")
        return " ".join(words)

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="microseconds")
