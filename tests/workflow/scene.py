"""A controller, its database and two model hosts in one thread, with a fuse that kills the controller at a commit."""

import itertools
import random
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from common.bus.memory import MemoryBus
from common.clock import ManualClock
from common.ids import time_ordered
from common.model.server import NetworkAsk, Server
from common.settings import Settings
from common.states import State
from controller.admission.server_actions import Act, Verb
from controller.admission.server_create import CreateServers
from controller.admission.server_delete import DeleteServer
from controller.db import ledger, migrate, ports, quotas, servers, tables
from controller.db.engine import Store, Tx
from controller.scheduler.exact import ExactScheduler
from controller.workflow.inbox import Inbox
from controller.workflow.registry import WORKFLOWS
from controller.workflow.relay import Relay
from controller.workflow.runner import Runner
from controller.workflow.saga import Workflow
from controller.workflow.watch import Watch
from controller.workflow.world import World
from tests.doubles import project
from tests.doubles.project import IMAGE, NETWORK, PROJECT
from tests.doubles.writer import DirectWriter
from tests.workflow.model_agent import Memory, ModelAgent

HOSTS = ("55555555-5555-4555-8555-555555555551", "55555555-5555-4555-8555-555555555552")

Side = Literal["before", "after"]


SEEDS = itertools.count()


class Crash(BaseException):
    """The controller is killed."""


class FusedStore(Store):
    """A store that kills the controller before or after its n-th commit from now on."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.commits = 0
        self.fuse: tuple[int, Side] | None = None
        if self.engine.dialect.name == "sqlite":  # the disk's own crashes are not what is tried here
            sa.event.listen(self.engine, "connect", lambda c, _r: c.execute("PRAGMA synchronous=OFF"))

    def copy_to(self, path: Path) -> None:
        """Write all to a new SQLite file."""
        with closing(sqlite3.connect(path)) as target, closing(self.engine.raw_connection()) as source:
            assert source.driver_connection is not None
            source.driver_connection.backup(target)

    def copy_from(self, path: Path) -> None:
        """Be as a SQLite file is: faster than a new store, whose statements would all be compiled anew."""
        with closing(sqlite3.connect(path)) as source, closing(self.engine.raw_connection()) as target:
            assert target.driver_connection is not None
            source.backup(target.driver_connection)
        self.commits, self.fuse = 0, None

    @contextmanager
    def tx(self) -> Iterator[Tx]:
        burning = self.fuse if self.fuse and self.fuse[0] == self.commits else None
        with super().tx() as tx:
            yield tx
            if burning and burning[1] == "before":
                self.fuse = None
                raise Crash
        self.commits += 1
        if burning:
            self.fuse = None
            raise Crash


class Scene:
    """All of it. ``registry`` may be altered; ``batch`` is the runner's; ``leads``: it holds the scheduler's lease."""

    def __init__(
        self,
        store: Store,
        *,
        batch: int = 64,
        registry: Mapping[str, Workflow] = WORKFLOWS,
        memories: tuple[Memory, ...] = (),
        settings: Settings | None = None,
        clock: ManualClock | None = None,
        leads: bool = True,
    ) -> None:
        self.store = store
        self.batch, self.registry, self.leads = batch, registry, leads
        self.clock = clock or ManualClock()
        self.ids = time_ordered(self.clock, random.Random(next(SEEDS)).randbytes)
        self.settings = settings or Settings()
        self.world = World(self.clock, self.ids, self.settings, ExactScheduler(self.clock, self.ids))
        self.bus = MemoryBus()
        self.bus.declare()
        self.inbox: Inbox | None = None
        self.crashes = 0
        self.boot()
        memories = memories or tuple(Memory(host, f"host-{i}") for i, host in enumerate(HOSTS))
        self.agents = [ModelAgent(self.bus, memory, self.clock, lambda: str(uuid.uuid4())) for memory in memories]

    def boot(self) -> None:
        """Start a controller; what the one before it had not acked comes again."""
        if self.inbox:
            self.consumer.close()
        self.world.scheduler.reload()
        self.consumer = self.bus.reports()
        self.runner = Runner(self.store, self.world, self.registry, lambda _name: self.leads, self.batch)
        self.relay = Relay(self.store, self.bus.publisher(), self.clock, lambda d, h: f"http://c/{d}?host={h}")
        self.inbox = Inbox(
            self.store,
            self.world,
            self.consumer,
            self.bus.declare_host,
            self.relay.post,
            carry_on=self.runner.carry_on,
        )
        self.watch = Watch(self.store, self.world)

    def turn(self) -> int:
        """Let everybody take one turn; the controller may die in it, and a new one be started."""
        self.clock.advance(0.001)
        moved = sum(agent.turn() for agent in self.agents)
        try:
            assert self.inbox is not None
            for part in (self.runner, self.relay, self.inbox):
                moved += part.turn()
        except Crash:
            self.crashes += 1
            self.boot()
            return 1
        return moved

    def settle(self, rounds: int = 60, until: Callable[[], bool] | None = None) -> None:
        """Take turns until nothing is left to do, letting time pass when all wait."""
        until = until or (lambda: not self.live())
        for _ in range(rounds):
            for _ in range(200):
                if not self.turn():
                    break
            else:
                raise AssertionError("the scene never comes to rest")
            if until():
                return
            self.clock.advance(30)
            for agent in self.agents:
                agent.heartbeat()
        raise AssertionError(f"still under way: {self.live()}")

    def live(self) -> list[tuple[object, ...]]:
        c = tables.workflow.c
        with self.store.read() as tx:
            return tx.rows(sa.select(c.kind, c.direction, c.position, c.data, c.tries).where(c.state == "live"))

    # ---- what tenants do ---------------------------------------------------------------------------------
    def furnish(self) -> None:
        """Put in place what servers are made of, and let the hosts come up."""
        with self.store.tx() as tx:
            project.furnish(tx, self.clock.now())
        self.settle()

    def create(self, count: int = 1, **more: object) -> list[Server]:
        more = {"asks": (NetworkAsk(network_id=NETWORK),), "min_count": count, "max_count": count} | more
        change = CreateServers(
            project_id=PROJECT,
            user_id="u",
            name="vm",
            image_id=IMAGE,
            flavor_id="1",
            request_id="req-1",
            **more,  # type: ignore[arg-type]
        )
        made: list[Server] = DirectWriter(self.store, self.world).submit(change)
        return made

    def act(self, verb: Verb, server: str) -> None:
        with self.store.tx() as tx:
            Act(id=server, project_id=PROJECT, verb=verb, request_id="req-2").apply(tx, self.world)

    def delete(self, server: str) -> None:
        DirectWriter(self.store, self.world).submit(DeleteServer(id=server, project_id=PROJECT, request_id="req-3"))

    # ---- what is true ------------------------------------------------------------------------------------
    def servers(self) -> list[Server]:
        with self.store.read() as tx:
            return servers.SERVERS.read(tx, servers.SERVERS.select().order_by(tables.server.c.id))

    def states(self) -> list[State]:
        return [s.state for s in self.servers()]

    def domains(self) -> dict[str, str]:
        """Give the host of each domain; one that is on two hosts is an error."""
        found = [(s, agent.memory.host) for agent in self.agents for s in agent.memory.domains]
        assert len(found) == len(dict(found)), "a server has two domains"
        return dict(found)

    def count(self, table: sa.Table) -> int:
        with self.store.read() as tx:
            row = tx.one(sa.select(sa.func.count()).select_from(table))
        assert row is not None
        return int(row[0])

    def used(self, resource: str) -> int:
        """Say how much of a resource the project uses."""
        with self.store.read() as tx:
            return quotas.usage(tx, self.settings.quota, PROJECT)[resource].used

    def audit(self) -> None:
        """Check the invariants that hold whenever nothing is under way."""
        with self.store.read() as tx:
            assert ledger.verify(tx) == []
            used = {r: u.used for r, u in quotas.usage(tx, self.settings.quota, PROJECT).items()}
            claims = ledger.claims(tx, [s.id for s in self.servers()])
            nics = ports.of_servers(tx, [s.id for s in self.servers()])
        there = [s for s in self.servers() if s.state is not State.DELETED]
        placed = {s.id: s.host_id for s in there if s.host_id}
        assert self.domains() == placed == claims
        assert {s for s, owned in nics.items() if owned} == {s.id for s in there if s.host_id and s.asks}
        assert (used["servers"], used["cores"]) == (len(there), sum(s.guest.vcpus for s in there))
        assert used["ports"] == self.count(tables.port)
        assert self.count(tables.outbox) == 0
        assert [s.task for s in there if s.task] == []
        assert all(s.fault for s in there if s.state is State.ERROR)
        for agent in self.agents:
            assert len(agent.memory.starts) == len(set(agent.memory.starts)), "a guest was started twice"


def new_store(folder: Path) -> FusedStore:
    """Give a new, migrated store in ``folder``."""
    url = f"sqlite:///{folder / 'scene.sqlite'}"
    migrate.upgrade(url)
    return FusedStore(url)
