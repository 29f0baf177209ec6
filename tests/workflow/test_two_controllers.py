"""Two controllers beside one another on PostgreSQL: real connections, real locks, no deadlock, nothing done twice."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.states import State
from controller.db import workflows
from controller.db.engine import Store
from controller.workflow.registry import WORKFLOWS
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
