"""An agent's surroundings for tests: lanes that make calls when told, and a controller of a few lines."""

from collections import defaultdict, deque
from datetime import timedelta
from itertools import count

import msgspec

from common import wire
from common.clock import ManualClock
from common.guest import Guest
from common.settings import Agent
from common.states import Power
from compute_agent.driver.contract import DomainEvent
from compute_agent.driver.memory import MemoryDriver
from compute_agent.identity import Identity
from compute_agent.journal import Journal
from compute_agent.operation import Call
from compute_agent.runner import Outcome
from compute_agent.session import Session
from compute_agent.world import World
from controller.seals import seal

HOST = "00000000-0000-4000-8000-0000000000aa"
GIB = 1024**3
NETWORK = wire.NetworkGoal(id="00000000-0000-4000-8000-00000000000f", cidr="10.0.0.0/24", gateway="10.0.0.1")
GUEST = Guest(vcpus=1, memory_mib=512, disk_gib=2)
IMAGE = wire.ImageSource(digest="d" * 64, format="qcow2", size=1000, virtual_size=GIB, url="http://c/1")
AGENT = Agent(heartbeat_seconds=10, states_seconds=20, usage_seconds=30, inventory_seconds=60, tries=3)


def server_id(number: int) -> str:
    """Give the uuid of a server by its number."""
    return f"00000000-0000-4000-8000-{number:012d}"


def port(number: int, network: wire.NetworkGoal = NETWORK) -> wire.PortGoal:
    """Give a port by its number."""
    return wire.PortGoal(
        id=f"00000000-0000-4000-9000-{number:012d}",
        network=network,
        mac=f"fa:16:3e:00:00:{number:02x}",
        address=f"10.0.0.{10 + number}",
    )


def goal(number: int, generation: int = 1, power: Power = Power.ON, **more: object) -> wire.Goal:
    """Give a goal for a server by its number."""
    base = wire.Goal(
        server=server_id(number),
        generation=generation,
        power=power,  # type: ignore[arg-type]
        guest=GUEST,
        image=IMAGE,
        ports=(port(number),),
        drive=wire.DriveGoal(hostname=f"s{number}", name=f"s{number}", project="p"),
    )
    return msgspec.structs.replace(base, **more)


class Lanes:
    """Lanes that make the next call when told: ``step`` makes the oldest of one lane, in order within each lane."""

    def __init__(self) -> None:
        self.waiting: dict[str, deque[tuple[Call, int]]] = defaultdict(deque)
        self.hung: dict[str, str] = {}

    def submit(self, lane: str, call: Call, token: int) -> None:
        """Let the call wait."""
        self.waiting[lane].append((call, token))

    def stuck(self) -> dict[str, str]:
        """Give what a test said to hang."""
        return self.hung

    def lanes(self) -> list[str]:
        """Name the lanes in which a call waits."""
        return [lane for lane, calls in self.waiting.items() if calls]

    def step(self, lane: str) -> tuple[int, Outcome]:
        """Make the oldest call of a lane."""
        call, token = self.waiting[lane].popleft()
        try:
            return token, Outcome(call.make())
        except Exception as error:
            return token, Outcome(error=error)


class Host:
    """A host with an agent's session on it: what survives a kill of the agent is the journal and the driver."""

    def __init__(self, journal: str = ":memory:", settings: Agent = AGENT) -> None:
        self.clock = ManualClock()
        self.numbers = count(1)
        self.settings = settings
        self.driver = MemoryDriver()
        self.journal = Journal(journal, self.clock)
        self.boot_id = "boot-1"
        self.heard: list[DomainEvent] = []
        self.said: list[wire.Event] = []
        self.kill()

    def new_id(self) -> str:
        return f"00000000-0000-7000-8000-{next(self.numbers):012d}"

    def kill(self) -> None:
        """End the session where it is, and make a new one over the same journal."""
        self.lanes = Lanes()
        identity = Identity(HOST, "host-1", self.boot_id, "0.1", began=self.clock.monotonic())
        world = World(identity, self.journal, self.driver, self.lanes, self.clock, self.new_id, self.settings)
        self.session = Session(world, self.happened)

    def happened(self, event: DomainEvent) -> None:
        self.heard.append(event)

    def lane(self, lane: str) -> None:
        """Make one call of a lane and answer it."""
        self.session.answered(*self.lanes.step(lane))

    def settle(self, seconds: float = 0.0) -> list[wire.Event]:
        """Let everything happen that can within so many seconds; give what was said."""
        before = len(self.said)
        end = self.clock.monotonic() + seconds
        while True:
            while self.heard:
                self.session.domain_event(self.heard.pop(0))
            for lane in self.lanes.lanes():
                self.lane(lane)
            self.session.tick()
            self.publish()
            if self.lanes.lanes() or self.heard:
                continue
            if self.clock.monotonic() >= end:
                return self.said[before:]
            due = max(self.session.next_due(), self.clock.monotonic() + 0.001)
            self.clock.advance(min(due, end) - self.clock.monotonic())

    def publish(self) -> None:
        """Let all that waits reach the broker."""
        while events := self.session.outgoing():
            self.said.extend(events)
            self.session.confirmed(events)

    def bodies(self, kind: str, since: int = 0) -> list[object]:
        """Give the bodies of what was said of one kind."""
        return [wire.body_of(event) for event in self.said[since:] if event.kind == kind]


class FakeController:
    """Welcomes a host, answers its heartbeats and sends goals, as the real one would."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.epoch = 0
        self.goals: dict[str, wire.Goal] = {}
        self.lease_seconds = 60.0
        self.read = 0

    def command(self, verb: str, body: wire.Message, epoch: int | None = None, **more: object) -> bytes:
        """Seal a command."""
        server, generation = getattr(body, "server", ""), getattr(body, "generation", 0)
        command = wire.Command(
            id=self.host.new_id(),
            host=HOST,
            host_epoch=self.epoch if epoch is None else epoch,
            verb=verb,  # type: ignore[arg-type]
            body=wire.raw(body),
            expires=self.host.clock.now() + timedelta(seconds=600),
            server=server,
            generation=generation,
            request_id="req-1",
        )
        return seal(msgspec.structs.replace(command, **more))

    def welcome(self) -> None:
        """Start the session, and welcome it."""
        self.host.session.start()
        self.host.settle()
        self.answer()

    def hello(self) -> wire.Hello:
        """Give the last hello."""
        hello = self.host.bodies("hello")[-1]
        assert isinstance(hello, wire.Hello)
        return hello

    def answer(self) -> None:
        """Welcome the last hello under a new epoch, then send what is missing or not settled."""
        hello = self.hello()
        self.read = len(self.host.said)
        self.epoch += 1
        wanted = tuple(wire.Wanted(server=g.server, generation=g.generation, power=g.power, digest=g.digest())
                       for g in self.goals.values())  # fmt: skip
        welcome = wire.Welcome(
            hello=hello.id, epoch=self.epoch, lease_seconds=self.lease_seconds, wanted=wanted, at=self.host.clock.now()
        )
        known = {line.server: line for line in hello.present}
        missing = [g for g in self.goals.values() if g.server not in known
                   or known[g.server].generation < g.generation or not known[g.server].settled]  # fmt: skip
        bodies = [self.command("welcome", welcome), *(self.command("converge", g) for g in missing)]
        assert self.host.session.take(bodies) == []

    def want(self, goal: wire.Goal) -> None:
        """Wish something, and send it."""
        self.goals[goal.server] = goal
        self.send(goal)

    def send(self, goal: wire.Goal, epoch: int | None = None) -> None:
        """Send a goal."""
        assert self.host.session.take([self.command("converge", goal, epoch)]) == []

    def turn(self) -> None:
        """Answer what was said since the last turn: hellos and heartbeats; stale goals are sent again."""
        new, self.read = self.host.said[self.read :], len(self.host.said)
        if any(event.kind == "hello" for event in new):
            self.answer()
        for event in new:
            body = wire.body_of(event)
            if isinstance(body, wire.Heartbeat):
                lease = wire.Lease(beat=body.beat, lease_seconds=self.lease_seconds, at=self.host.clock.now())
                self.host.session.take([self.command("lease", lease)])
            wish = self.goals.get(event.server)
            if isinstance(body, wire.Stale) and wish and wish.generation == event.generation:
                self.send(wish)

    def live(self, seconds: float) -> None:
        """Let time pass with a controller that answers."""
        for _ in range(int(seconds)):
            self.host.settle(1.0)
            self.turn()
        self.host.settle()
