"""An agent that does at once what it is told, and remembers it through a restart: a double for tests of workflows."""

from dataclasses import dataclass, field

from common import errors, wire
from common.bus.contract import REPORTS, Bus, Outgoing
from common.clock import Clock
from common.ids import Ids
from common.states import Power
from compute_agent.seals import Seals


@dataclass
class Memory:
    """What survives the agent: its journal, by server, and the domains of its host."""

    host: str
    name: str
    goals: dict[str, wire.Goal] = field(default_factory=dict)
    domains: set[str] = field(default_factory=set)
    starts: list[tuple[str, int]] = field(default_factory=list)
    """Each guest start that was made, with its generation."""


class ModelAgent:
    """Speaks the protocol of a host. ``refuses`` names servers whose goals it fails; ``notes`` is for their users."""

    def __init__(self, bus: Bus, memory: Memory, clock: Clock, ids: Ids) -> None:
        self.memory, self.clock, self.ids = memory, clock, ids
        self.refuses: set[str] = set()
        self.notes: dict[str, str] = {}
        self.epoch, self.seq, self.beat = 0, 0, 0
        self.hello_id = ids()
        self.leases: list[wire.Lease] = []
        self.welcomes: list[wire.Welcome] = []
        self.commands = bus.commands(memory.host)
        self.publisher = bus.publisher()
        self.say("hello", self.hello())

    def hello(self) -> wire.Hello:
        return wire.Hello(
            id=self.hello_id,
            name=self.memory.name,
            boot_id="boot-1",
            version="1",
            features=(),
            inventory=inventory(),
            present=self.present(),
        )

    def present(self) -> tuple[wire.Present, ...]:
        goals = self.memory.goals
        return tuple(
            wire.Present(server=s, generation=goals[s].generation, power=goals[s].power, settled=True)
            for s in sorted(self.memory.domains)
        )

    def say(self, kind: str, body: wire.Message, server: str = "", generation: int = 0, id: str = "") -> None:  # noqa: A002
        self.seq += 1
        event = wire.Event(
            id=id or self.ids(),
            host=self.memory.host,
            host_epoch=self.epoch,
            seq=self.seq,
            kind=kind,  # type: ignore[arg-type]
            body=wire.raw(body),
            at=self.clock.now(),
            server=server,
            generation=generation,
        )
        self.publisher.publish([Outgoing(REPORTS, f"host.{event.host}.{kind}", wire.pack(event))])

    def heartbeat(self) -> None:
        self.beat += 1
        self.say("heartbeat", wire.Heartbeat(beat=self.beat))

    def turn(self) -> int:
        try:
            deliveries = self.commands.receive(0)
        except errors.BusUnavailable:
            return 0  # the controller has not made our queue yet
        for delivery in deliveries:
            self.obey(wire.unpack(Seals({}).open(delivery.body), wire.Command))
        self.commands.ack([d.tag for d in deliveries])
        return len(deliveries)

    def obey(self, command: wire.Command) -> None:
        body = wire.body_of(command)
        if isinstance(body, wire.Welcome):
            self.welcomes.append(body)
            self.epoch = body.epoch if body.hello == self.hello_id else self.epoch
        elif isinstance(body, wire.Lease):
            self.leases.append(body)
        elif isinstance(body, wire.Query):
            self.say("answer", wire.Answer(query=body.id, text="login:"), command.server)
        elif command.host_epoch != self.epoch:
            self.say("stale", wire.Stale(command=command.id, host_epoch=self.epoch), command.server, command.generation)
        else:
            self.converge(body)

    def converge(self, goal: wire.Goal) -> None:
        known = self.memory.goals.get(goal.server)
        if known and known.generation > goal.generation:
            return
        if goal.server in self.refuses and goal.power is not Power.GONE:
            self.say("failed", wire.Failed(code="hypervisor", reason="disk is full"), goal.server, goal.generation)
            return
        if known is None or known.generation < goal.generation:
            self.memory.goals[goal.server] = goal
            self.apply(goal)
        hardware = wire.Hardware(machine="pc-q35-7.2", cpu="qemu64", devices=())
        settled = wire.Settled(power=goal.power, hardware=hardware, notes=self.notes)
        self.say("settled", settled, goal.server, goal.generation)

    def apply(self, goal: wire.Goal) -> None:
        if goal.power is Power.GONE:
            self.memory.domains.discard(goal.server)
            return
        assert goal.image is not None
        assert goal.image.url, "an image comes with a URL to fetch it from"
        self.memory.domains.add(goal.server)
        if goal.power is Power.ON:
            self.memory.starts.append((goal.server, goal.generation))


def inventory(memory_mib: int = 65536) -> wire.Inventory:
    return wire.Inventory(cpus=64, memory_mib=memory_mib, disk_gib=1000, disk_free_gib=1000, reserved={})
