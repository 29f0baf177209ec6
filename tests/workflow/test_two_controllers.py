"""Two controllers beside one another on PostgreSQL: real connections, real locks, no deadlock, nothing done twice."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from common.bus.contract import Outgoing
from common.states import State
from controller.db import outbox, servers, tables, workflows
from controller.db.engine import Store
from controller.workflow.registry import WORKFLOWS
from controller.workflow.relay import Relay
from tests.services.stores import Stores
from tests.workflow.scene import Scene

SERVERS = 48


@pytest.fixture
def scene(stores: Stores, tmp_path: Path) -> Iterator[Scene]:
    """A scene on PostgreSQL."""
    with stores.postgresql(tmp_path) as store:
        made = Scene(store, batch=8)
        made.furnish()
        yield made


def second(scene: Scene, store: Store) -> Scene:
    """Give another controller of the same hosts, which does not hold the scheduler's lease."""
    other = Scene(store, batch=8, clock=scene.clock, leads=False)
    other.bus = scene.bus
    other.boot()
    other.agents.clear()
    return other


@contextmanager
def running(*turns: Callable[[], int]) -> Iterator[list[BaseException]]:
    """Take turns in threads of their own until the block ends."""
    stop, broken = threading.Event(), []

    def loop(turn: Callable[[], int]) -> None:
        while not stop.is_set():
            try:
                if not turn():
                    stop.wait(0.002)
            except Exception as error:
                broken.append(error)
                stop.wait(0.01)

    threads = [threading.Thread(target=loop, args=(turn,)) for turn in turns]
    for thread in threads:
        thread.start()
    try:
        yield broken
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def until(scene: Scene, state: State) -> None:
    waiting = threading.Event()
    for _ in range(3000):
        if scene.states() == [state] * SERVERS and not scene.live():
            return
        waiting.wait(0.02)
    raise AssertionError(f"{scene.states()} {scene.live()}")


def test_they_share_the_work(scene: Scene) -> None:
    other = second(scene, scene.store)
    parts = [part.turn for s in (scene, other) for part in (s.runner, s.relay, s.inbox) if part]
    parts += [agent.turn for agent in scene.agents]
    made = scene.create(SERVERS)
    with running(*parts) as broken:
        until(scene, State.ACTIVE)
        for server in made:
            scene.delete(server.id)
        until(scene, State.DELETED)
    assert broken == []
    scene.settle()
    scene.audit()


def test_a_locked_workflow_is_passed_over(scene: Scene) -> None:
    scene.create(2)
    now = scene.clock.now()
    with scene.store.tx() as tx:
        (held,) = workflows.take(tx, now=now, until=now, limit=1, kinds=WORKFLOWS)
        other = second(scene, scene.store)
        other.leads = True
        assert other.runner.turn() == 1
        with scene.store.read() as reader:
            assert [w.position for w in workflows.of_subject(reader, held.subject)] == [0]


def test_the_whole_life_on_postgresql(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    for verb in ("stop", "start", "soft reboot"):
        scene.act(verb, server.id)  # type: ignore[arg-type]
        scene.settle()
    scene.audit()
    scene.clock.advance(100)
    scene.watch.turn()
    for agent in scene.agents:
        agent.heartbeat()
    scene.delete(server.id)
    scene.settle()
    assert scene.states() == [State.DELETED]
    scene.audit()


def test_two_that_lock_the_same_rows_in_different_orders_never_wait_for_each_other(scene: Scene) -> None:
    """An inbox locks by subjects, in whatever order they came; a runner by what is due."""
    made = [server.id for server in scene.create(SERVERS)]
    now = scene.clock.now()

    def inbox() -> int:
        with scene.store.tx() as tx:
            live = workflows.lock_live(tx, reversed(made))
            servers.get(tx, reversed(made), lock=True)
            workflows.wake(tx, live, now)
        return 1

    def runner() -> int:
        with scene.store.tx() as tx:
            taken = workflows.take(tx, now=now, until=now, limit=SERVERS, kinds=WORKFLOWS)
            servers.get(tx, [work.subject for work in taken], lock=True)
            workflows.save(tx, taken)
        return 1

    rounds = {inbox: 0, runner: 0}

    def counted(turn: Callable[[], int]) -> Callable[[], int]:
        def run() -> int:
            rounds[turn] += turn()
            return 1

        return run

    waiting = threading.Event()
    with running(counted(inbox), counted(inbox), counted(runner), counted(runner)) as broken:
        while min(rounds.values()) < 40 and not broken:
            waiting.wait(0.02)
    assert broken == []


def test_what_one_relay_is_publishing_another_passes_over(scene: Scene) -> None:
    scene.create(2)
    scene.runner.turn()
    other = Relay(scene.store, scene.bus.publisher(), scene.clock, lambda digest, host: f"http://{host}/{digest}")
    real = scene.bus.publisher()
    seen: list[int] = []

    class Slow:
        def publish(self, messages: Sequence[Outgoing], timeout: float = 30.0) -> list[Outgoing]:
            seen.append(other.turn())
            return real.publish(messages)

        def tick(self) -> None:
            return None

        def close(self) -> None:
            return None

    slow = Relay(scene.store, Slow(), scene.clock, lambda digest, host: f"http://{host}/{digest}")
    assert slow.turn() == 2
    assert seen == [0]
    assert scene.count(tables.outbox) == 0


def test_a_goal_on_its_way_does_not_hold_up_the_next_one(scene: Scene) -> None:
    scene.create()
    scene.runner.turn()
    with outbox.publishing(scene.store) as publishing:
        (due,) = outbox.due(publishing, scene.clock.now(), 9)
        with scene.store.tx() as tx:
            outbox.replace_goals(tx, [replace(due.entry, id="newer", generation=2)])
    assert scene.count(tables.outbox) == 2, "the older one is the relay's to drop"
