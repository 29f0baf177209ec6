"""A controller of a simulated fleet: the real parts, each taking turns that stop before every effect."""

from typing import TYPE_CHECKING

from common import errors
from controller.scheduler.exact import ExactScheduler
from controller.workflow.inbox import Inbox
from controller.workflow.registry import WORKFLOWS
from controller.workflow.relay import Relay
from controller.workflow.runner import Runner
from controller.workflow.tenure import Tenure
from controller.workflow.watch import Watch
from controller.workflow.world import World
from controller.writer.answers import Answers
from controller.writer.group import GroupWriter
from tests.simulation.bus import ACK_TWISTS, PUBLISH_TWISTS, REPORT_QUEUE, Publisher, Reader
from tests.simulation.database import TWISTS, Door
from tests.simulation.furnish import SETTINGS
from tests.simulation.turns import Crash, Turn

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet

PARTS = ("writer", "runner", "relay", "inbox", "tenure", "watch")
EFFECTS = {"commit": TWISTS, "publish": PUBLISH_TWISTS, "ack": ACK_TWISTS}
"""What may go wrong with each effect."""

TENURE_SECONDS, WATCH_SECONDS = 5.0, 5.0
ALL = 99
"""Effects of a turn, more than any has."""


class SimulatedController:
    """One process: it may die, be frozen and woken, and be started again. Nothing of it survives its death."""

    def __init__(self, number: int, fleet: "Fleet") -> None:
        self.name, self._fleet, self.lives = f"controller-{number}", fleet, 0
        self.alive = self.frozen = False
        self.start()

    def start(self) -> None:
        """Begin a new life."""
        fleet = self._fleet
        self.lives += 1
        self.alive, self.frozen = True, False
        self.turns: dict[str, Turn] = {}
        self._stirred = {"runner", "relay", "inbox"}
        self._next = {"tenure": 0.0, "watch": fleet.clock.monotonic() + WATCH_SECONDS}
        world = World(fleet.clock, fleet.ids, SETTINGS, ExactScheduler(fleet.clock, fleet.ids))
        self._door = door = Door(fleet.disk, self.name, fleet.trace, fleet.committed)
        self._reports = Reader(fleet.broker, REPORT_QUEUE, self.name, fleet.weather.batch)
        self.tenure = Tenure(door, world, f"{self.name}/{self.lives}")
        self.runner = Runner(door, world, WORKFLOWS, self.tenure.holds, fleet.weather.batch)
        self.relay = Relay(door, Publisher(fleet.broker, self.name), fleet.clock, lambda d, h: f"http://c/{d}?host={h}")
        declare, carry_on = fleet.broker.declare_host, self.runner.carry_on
        self.inbox = Inbox(door, world, self._reports, declare, self._post, carry_on=carry_on)
        self.writer = GroupWriter(door, world, Answers(lambda data: data, lambda data: data))
        self.watch = Watch(door, world)
        self.offered = 0
        self._idle = (-1, 0.0)
        """Commits and moment when the runner found nothing that it may do: there will be nothing before one changes."""

    def _post(self, commands: object) -> None:
        self.relay.post(commands)  # type: ignore[arg-type]
        self._stirred.add("relay")

    def ready(self) -> list[str]:
        """Name the parts that have something to do, or are in the middle of it."""
        return [part for part in PARTS if part in self.turns or self._has_work(part)]

    def _has_work(self, part: str) -> bool:
        fleet = self._fleet
        if part in self._next:
            return fleet.clock.monotonic() >= self._next[part]
        if part in self._stirred:
            return True
        if part == "runner":
            return self._idle != (fleet.commits, fleet.clock.monotonic()) and fleet.work_is_due()
        if part == "relay":
            return fleet.outbox_is_due()
        return self.offered > 0 if part == "writer" else bool(fleet.broker.queues[REPORT_QUEUE])

    def next_due(self) -> float:
        """Give the moment (monotonic seconds) of the next periodic turn."""
        return min(self._next.values())

    def go(self, part: str, steps: int, twist: int = 0) -> bool:
        """Let a part's turn begin or go on, over so many effects; the last of them has the twist of that number.

        Says whether the turn is over and did something.
        """
        turn, self._door.part = self.turns.pop(part, None), part
        try:
            turn = turn or self._begun(part)
            while steps and turn.effect:
                steps -= 1
                turn.go_on(self._twist(turn.effect, twist) if twist and not steps else "")
        except Crash:
            self.die()
        except errors.Unavailable as error:
            self._fleet.trace.tell(self.name, f"{part} gives up its turn: {error.message}")
            self._stirred.add(part)
        else:
            if turn.effect:
                self.turns[part] = turn
            elif turn.result:
                self._stirred.add(part)
                return True
            elif part == "runner":
                self._idle = (self._fleet.commits, self._fleet.clock.monotonic())
        return False

    def _begun(self, part: str) -> Turn:
        self._stirred.discard(part)
        if part in self._next:
            self._next[part] = self._fleet.clock.monotonic() + (TENURE_SECONDS if part == "tenure" else WATCH_SECONDS)
        if part == "writer":
            self.offered = 0
        return Turn(getattr(self, part).turn)

    def _twist(self, effect: str, number: int) -> str:
        allowed = [twist for twist in EFFECTS.get(effect, ()) if twist in self._fleet.weather.twists]
        return allowed[number % len(allowed)] if allowed else ""

    def die(self) -> None:
        """End this process here: what it held of the broker goes back."""
        self._fleet.trace.tell(self.name, "is dead")
        self.alive = False
        for turn in self.turns.values():
            turn.drop()
        self.turns.clear()
        self._reports.close()
