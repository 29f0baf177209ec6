"""What happens next: chosen by the seed among what could happen, and written down, so that it can be done again.

A choice is a tuple of plain values that means the same whatever was left out before it; one that cannot be done where
it stands does nothing. That is what lets a schedule shrink.
"""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.agents import CALL_TWISTS, SAY_TWISTS, TAKE_TWISTS
from tests.simulation.blows import befall
from tests.simulation.clients import VERBS
from tests.simulation.controllers import ALL, PARTS, SimulatedController
from tests.simulation.weather import BLOWS

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet

Choice = tuple[str | int | float, ...]
MOST_SERVERS = 7
ASIDE = 0.12
"""Share of events at which time passes or a tenant acts although there is other work."""

RETURNS = 0.05
"""Share of events at which a message that was held back comes after all."""

Maker = Callable[[], Choice]


def _fixed(*choice: str | int) -> Choice:
    return choice


class Chooser:
    """Chooses by a seed."""

    def __init__(self, seed: int, fleet: "Fleet") -> None:
        self._rng, self._fleet = random.Random(f"schedule {seed}"), fleet
        self._blows = [kind for kind in BLOWS if kind in fleet.weather.kinds]
        self._weights = [BLOWS[kind] for kind in self._blows]

    def next(self) -> Choice:
        """Choose the next event."""
        rng = self._rng
        in_flight = any(self._fleet.broker.queues.values())
        if self._blows and rng.random() < self._fleet.weather.blows * (1.0 if in_flight else 0.1):
            (kind,) = rng.choices(self._blows, self._weights)
            return ("blow", kind, rng.randrange(64), rng.randrange(64))
        work = [*self._of_controllers(), *self._of_hosts()]
        if self._fleet.held_back and rng.random() < RETURNS:
            return ("comes back", rng.randrange(64))
        if not work or rng.random() < ASIDE:
            return self._time(idle=not work) if rng.random() < 0.7 else self._client()
        return rng.choice(work)()

    def _of_controllers(self) -> Iterator[Maker]:
        for c, controller in enumerate(self._fleet.controllers):
            if not controller.alive:
                yield partial(_fixed, "start controller", c)
            elif not controller.frozen:
                yield from (partial(self._turn, c, part) for part in controller.ready())

    def _of_hosts(self) -> Iterator[Maker]:
        now = self._fleet.clock.monotonic()
        for h, host in enumerate(self._fleet.hosts):
            if host.agent is None:
                yield partial(_fixed, "start agent", h)
            for p, process in enumerate(host.processes()):
                if process.next_due() <= now:
                    yield partial(_fixed, "tick", h, p)
                if not host.cut and self._fleet.broker.queues.get(host.id):
                    yield partial(self._take, h, p)
                yield from [partial(self._call, h, p)] * len(process.lanes.ready())
                if process.talks:
                    yield partial(self._say, h, p)
                if process.heard:
                    yield partial(_fixed, "hear", h, p)

    def _time(self, *, idle: bool) -> Choice:
        """Let a little time pass, or as much as it takes until something is due; seldom a lease or more."""
        rng = self._rng
        if rng.random() < 0.03:
            return ("time", rng.choice((20.0, 70.0, 200.0)))
        if idle:
            return ("time", self._fleet.pause())
        return ("time", rng.choice((0.01, 0.1, 0.5, 1.0)))

    def _turn(self, c: int, part: str) -> Choice:
        rng = self._rng
        steps = rng.choice((ALL, ALL, 0, 1, 1, 2, 3))
        twist = rng.randrange(1, 64) if rng.random() < self._fleet.weather.twisted else 0
        return ("turn", c, PARTS.index(part), (steps or 1) if steps < ALL or not twist else rng.randrange(1, 4), twist)

    def _call(self, h: int, p: int) -> Choice:
        return ("call", h, p, self._rng.randrange(16), self._twist(CALL_TWISTS, 0.6))

    def _take(self, h: int, p: int) -> Choice:
        return ("take", h, p, self._twist(TAKE_TWISTS))

    def _say(self, h: int, p: int) -> Choice:
        return ("say", h, p, self._twist(SAY_TWISTS))

    def _twist(self, twists: tuple[str, ...], share: float = 1.0) -> str:
        if self._rng.random() >= self._fleet.weather.twisted * share:
            return ""
        allowed = [twist for twist in twists if twist in self._fleet.weather.twists]
        return self._rng.choice(allowed) if allowed else ""

    def _client(self) -> Choice:
        """Let a tenant do something, or something come that was long forgotten."""
        rng = self._rng
        if rng.random() < 0.2:
            return ("late", rng.randrange(4), rng.randrange(8))
        controller = rng.randrange(4)
        lost = [r.number for r in self._fleet.clients.waiting() if self._fleet.clients.lost(r)]
        if lost and rng.random() < 0.7:
            return ("again", controller, rng.choice(lost))
        wish = rng.random()
        if wish < 0.45 and len(self._fleet.servers) < MOST_SERVERS:
            return ("create", controller, int(rng.random() < 0.7))
        if wish > 0.8:
            return ("delete", controller, rng.randrange(16))
        return ("act on", controller, rng.randrange(16), VERBS[rng.randrange(len(VERBS))])


class Doer:
    """Does what was chosen."""

    def __init__(self, fleet: "Fleet") -> None:
        self._fleet = fleet

    def do(self, choice: Choice) -> None:
        """Do it, if it can be done here."""
        what, *args = choice
        getattr(self, f"_{str(what).replace(' ', '_')}")(*args)
        self._fleet.clients.listen()

    # ---- controllers ---------------------------------------------------------------------------------------
    def _turn(self, c: int, part: int, steps: int, twist: int) -> None:
        controller = self._fleet.controllers[c % len(self._fleet.controllers)]
        if controller.alive and not controller.frozen:
            controller.go(PARTS[part], steps, twist)

    def _start_controller(self, c: int) -> None:
        controller = self._fleet.controllers[c % len(self._fleet.controllers)]
        if not controller.alive:
            self._fleet.trace.tell(controller.name, "starts")
            controller.start()

    # ---- hosts ---------------------------------------------------------------------------------------------
    def _start_agent(self, h: int) -> None:
        self._fleet.hosts[h % len(self._fleet.hosts)].start()

    def _tick(self, h: int, p: int) -> None:
        self._act(h, p, "tick")

    def _say(self, h: int, p: int, twist: str) -> None:
        self._act(h, p, "say", twist)

    def _hear(self, h: int, p: int) -> None:
        self._act(h, p, "hear")

    def _take(self, h: int, p: int, twist: str) -> None:
        host = self._fleet.hosts[h % len(self._fleet.hosts)]
        if processes := host.processes():
            host.take(processes[p % len(processes)], twist)

    def _call(self, h: int, p: int, place: int, twist: str) -> None:
        self._act(h, p, "call", place, twist)

    def _late(self, h: int, place: int) -> None:
        host = self._fleet.hosts[h % len(self._fleet.hosts)]
        if host.abandoned:
            host.make_late(place)

    def _act(self, h: int, p: int, what: str, *args: object) -> None:
        host = self._fleet.hosts[h % len(self._fleet.hosts)]
        if processes := host.processes():
            host.act(processes[p % len(processes)], what, *args)

    # ---- tenants, time, faults -----------------------------------------------------------------------------
    def _client_of(self, c: int) -> "SimulatedController | None":
        alive = [one for one in self._fleet.controllers if one.alive and not one.frozen]
        return alive[c % len(alive)] if alive else None

    def _create(self, c: int, keyed: int) -> None:
        if controller := self._client_of(c):
            self._fleet.clients.create(controller, keyed=bool(keyed))

    def _delete(self, c: int, place: int) -> None:
        servers = self._fleet.servers
        if servers and (controller := self._client_of(c)):
            self._fleet.clients.delete(controller, servers[place % len(servers)][0])

    def _act_on(self, c: int, place: int, verb: str) -> None:
        """Ask something of a server; of one that can take it, if there is any."""
        servers = [one for one in self._fleet.servers if one[1] in ("ACTIVE", "SHUTOFF")] or self._fleet.servers
        if servers and (controller := self._client_of(c)):
            self._fleet.clients.act(controller, servers[place % len(servers)][0], verb)

    def _again(self, c: int, number: int) -> None:
        waiting = [r for r in self._fleet.clients.waiting() if r.number == number and self._fleet.clients.lost(r)]
        if waiting and (controller := self._client_of(c)):
            self._fleet.clients.again(controller, waiting[0])

    def _time(self, seconds: float) -> None:
        self._fleet.clock.advance(seconds)

    def _comes_back(self, place: int) -> None:
        held = self._fleet.held_back
        if held:
            queue, message = held.pop(place % len(held))
            self._fleet.broker.queues[queue].append(message)
            self._fleet.trace.tell("broker", f"{self._fleet.describe(message.body)} comes after all")

    def _blow(self, kind: str, a: int, b: int) -> None:
        befall(self._fleet, kind, a, b)
