"""The agent killed at each journal write and after each driver call, then started again: the end is always the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from common import wire
from common.states import Power
from compute_agent.driver.memory import MemoryDriver
from compute_agent.journal import Journal
from tests.doubles.agent import FakeController, Host, goal, server_id

S1, S2 = server_id(1), server_id(2)


class Killed(BaseException):
    """The process ends here."""


class Fuse:
    """Burns down by one at each point where a crash may happen, and kills at zero."""

    def __init__(self) -> None:
        self.left = -1
        self.points = 0

    def burn(self) -> None:
        self.points += 1
        self.left -= 1
        if self.left == 0:
            raise Killed


class FragileJournal(Journal):
    """Kills before and after each commit."""

    fuse: Fuse

    @contextmanager
    def together(self) -> Iterator[None]:
        outermost = not self._db.in_transaction
        with super().together():
            yield
            if outermost:
                self.fuse.burn()
        if outermost:
            self.fuse.burn()


class FragileHost(Host):
    """A host whose agent is killed when the fuse is burnt down: in a commit, or after a call on the driver."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.fuse = fuse
        self.lose_journal()

    def lose_journal(self) -> None:
        self.journal.close()
        journal = FragileJournal(":memory:", self.clock)
        journal.fuse = self.fuse
        self.journal = journal
        self.restart()

    def restart(self) -> None:
        self.heard.clear()
        self.kill()

    def lane(self, lane: str) -> None:
        token, outcome = self.lanes.step(lane)
        self.fuse.burn()
        self.session.answered(token, outcome)


Chapter = Callable[[FakeController], None]


def wish(*goals: wire.Goal) -> Chapter:
    """Make a chapter in which goals are wished."""

    def chapter(controller: FakeController) -> None:
        for one in goals:
            controller.want(one)

    return chapter


def overtaken(controller: FakeController) -> None:
    """Delete a server while it is being built."""
    controller.want(goal(1))
    for lane in controller.host.lanes.lanes()[:1]:
        controller.host.lane(lane)
    controller.want(goal(1, 2, Power.GONE))


def power_off(controller: FakeController) -> None:
    """Let a guest stop by itself."""
    if controller.host.driver.power(S1) is Power.ON:
        controller.host.driver.power_off(S1)


CREATE = wish(goal(1), goal(2))
STORIES: dict[str, tuple[Chapter, ...]] = {
    "create": (CREATE,),
    "delete": (CREATE, wish(goal(1, 2, Power.GONE))),
    "delete during the build": (overtaken, wish(goal(2))),
    "stop and start": (CREATE, wish(goal(1, 2, Power.OFF)), wish(goal(1, 3))),
    "hard reboot": (CREATE, wish(goal(1, 2, restart="hard"))),
    "soft reboot": (CREATE, wish(goal(1, 2, restart="soft"))),
    "power off by itself": (CREATE, power_off),
}


def tell(story: tuple[Chapter, ...], kill_at: int) -> tuple[FragileHost, FakeController]:
    """Tell a story with one kill; the chapter in which it falls is told again."""
    fuse = Fuse()
    host = FragileHost(fuse)
    controller = FakeController(host)
    fuse.left = kill_at
    for chapter in (FakeController.welcome, *story):
        try:
            chapter(controller)
            controller.live(2)
        except Killed:
            host.restart()
            controller.welcome()
            if chapter is not FakeController.welcome:
                chapter(controller)
            controller.live(2)
    return host, controller


def world(driver: MemoryDriver) -> object:
    """Give all that is left on the host."""
    domains = {s: (d.power, d.goal.generation, d.hardware, d.boots) for s, d in driver.domains.items()}
    return domains, driver.disks, driver.drives, set(driver.networks), set(driver.ports)


def concluded(host: Host) -> dict[str, int]:
    """Give each server's newest settled generation."""
    newest: dict[str, int] = {}
    for event in host.said:
        if event.kind == "settled":
            newest[event.server] = max(newest.get(event.server, 0), event.generation)
    return newest


@pytest.mark.parametrize("name", STORIES)
def test_a_kill_anywhere_changes_nothing(name: str) -> None:
    told, controller = tell(STORIES[name], -1)
    expected = world(told.driver)
    assert concluded(told) == {one.server: one.generation for one in controller.goals.values()}
    assert told.fuse.points > 20
    for kill_at in range(1, told.fuse.points + 1):
        host, controller = tell(STORIES[name], kill_at)
        assert world(host.driver) == expected, f"killed at {kill_at}"
        assert concluded(host) == concluded(told), f"killed at {kill_at}"
        assert host.bodies("failed") == []
        if name == "power off by itself":
            assert [body.power for body in host.bodies("power")][-1:] == [Power.OFF]  # type: ignore[attr-defined]
        host.journal.close()


def test_a_lost_journal_is_made_up_for() -> None:
    host = FragileHost(Fuse())
    controller = FakeController(host)
    controller.welcome()
    CREATE(controller)
    controller.live(2)
    before = world(host.driver)
    controller.goals[S2] = goal(2, 2, Power.GONE)
    host.lose_journal()
    controller.welcome()
    assert [(line.server, line.generation, line.settled) for line in controller.hello().present] == [
        (S1, 1, False),
        (S2, 1, False),
    ]
    controller.live(5)
    assert host.driver.power(S1) is Power.ON
    assert host.driver.power(S2) is Power.GONE
    assert host.driver.domains[S1].boots == 1
    assert before != world(host.driver)
