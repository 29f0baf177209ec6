"""What every workflow must stand: crashes at each commit, each step twice, each step failed, each undo twice."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common.states import State
from controller.db.engine import Tx
from controller.workflow.registry import WORKFLOWS
from controller.workflow.saga import Do, Saga, Step, StepFailed, Undo, Wait, Workflow
from controller.workflow.world import World
from tests.workflow.model_agent import Memory
from tests.workflow.scene import HOSTS, FusedStore, Scene, Side, new_store

SERVERS = 2


@dataclass(frozen=True)
class Story:
    """How a workflow comes about: what was there before, what begins it, and the state it ends in."""

    before: Callable[[Scene], None]
    begin: Callable[[Scene], None]
    ends: State


def _nothing(_scene: Scene) -> None:
    return None


def _create(scene: Scene) -> None:
    scene.create(SERVERS)


def _built(scene: Scene) -> None:
    _create(scene)
    scene.settle()


def _stopped(scene: Scene) -> None:
    _built(scene)
    _each(lambda s, server: s.act("stop", server))(scene)
    scene.settle()


def _each(act: Callable[[Scene, str], None]) -> Callable[[Scene], None]:
    def begin(scene: Scene) -> None:
        for server in scene.servers():
            act(scene, server.id)

    return begin


STORIES: dict[str, Story] = {
    "server.create": Story(_nothing, _create, State.ACTIVE),
    "server.delete": Story(_built, _each(lambda s, server: s.delete(server)), State.DELETED),
    "server.start": Story(_stopped, _each(lambda s, server: s.act("start", server)), State.ACTIVE),
    "server.stop": Story(_built, _each(lambda s, server: s.act("stop", server)), State.SHUTOFF),
    "server.reboot": Story(_built, _each(lambda s, server: s.act("soft reboot", server)), State.ACTIVE),
}
"""One for each kind of the registry."""


@dataclass
class Stage:
    """What a story begins with, made once and copied for each run."""

    store: FusedStore
    story: Story
    batch: int
    template: Path
    memories: tuple[Memory, ...]

    @classmethod
    def set_up(cls, kind: str, batch: int, folder: Path) -> "Stage":
        """Play what is before the story, and the begin of it."""
        story = STORIES[kind]
        store = new_store(folder)
        scene = Scene(store, memories=(Memory(HOSTS[0], "host-0"),))
        scene.furnish()
        story.before(scene)
        scene.audit()
        story.begin(scene)
        template = folder / "template.sqlite"
        store.copy_to(template)
        return cls(store, story, batch, template, tuple(a.memory for a in scene.agents))

    def play(self, registry: Mapping[str, Workflow] = WORKFLOWS, crash: tuple[int, Side] | None = None) -> Scene:
        """Play it to its end."""
        self.store.copy_from(self.template)
        scene = Scene(self.store, batch=self.batch, registry=registry, memories=deepcopy(self.memories))
        self.store.fuse = crash
        scene.settle()
        self.store.fuse = None  # a run that crashed early may have fewer commits than were counted
        return scene


def assert_survives_crashes(kind: str, batch: int, folder: Path) -> int:
    """Kill the controller before and after each of its commits; gives how many crashes that were."""
    stage = Stage.set_up(kind, batch, folder)
    crashes = 0
    for crash in _crashes(stage, WORKFLOWS):
        scene = stage.play(crash=crash)
        _assert_ended(scene, stage.story.ends)
        crashes += scene.crashes
    return crashes


def assert_runs_twice(kind: str, batch: int, folder: Path) -> None:
    """Run each step twice in a row."""
    stage = Stage.set_up(kind, batch, folder)
    for position, step in enumerate(WORKFLOWS[kind].steps):
        scene = stage.play(altered(kind, position, do=twice(step.do)))
        _assert_ended(scene, stage.story.ends)


def assert_unwinds(kind: str, batch: int, folder: Path) -> None:
    """Fail each step, undo each step twice, and kill the controller while it goes back from the last one."""
    stage = Stage.set_up(kind, batch, folder)
    steps = WORKFLOWS[kind].steps
    for position in range(len(steps)):
        _assert_undone(stage.play(altered(kind, position, do=failing)), kind)
    last = altered(kind, len(steps) - 1, do=failing)
    for position, step in enumerate(steps):
        if step.undo:
            _assert_undone(stage.play(altered(kind, position, undo=twice(step.undo), base=last)), kind)
    if any(step.undo for step in steps):  # without any, going back is over in the commit that fails
        for crash in _crashes(stage, last):
            _assert_undone(stage.play(last, crash), kind)


def _crashes(stage: Stage, registry: Mapping[str, Workflow]) -> Iterator[tuple[int, Side]]:
    stage.play(registry)
    for commit in range(stage.store.commits):
        yield commit, "before"
        yield commit, "after"


def _assert_ended(scene: Scene, state: State) -> None:
    assert scene.states() == [state] * SERVERS
    scene.audit()


def _assert_undone(scene: Scene, kind: str) -> None:
    """The tenant sees why it failed, and can always get rid of what is left."""
    assert scene.states() == [State.ERROR] * SERVERS
    assert {s.fault.message for s in scene.servers() if s.fault} == {"on purpose"}
    if kind != "server.delete":
        scene.audit()
    scene.registry = WORKFLOWS
    scene.boot()
    for server in scene.servers():
        scene.delete(server.id)
    scene.settle()
    _assert_ended(scene, State.DELETED)
    assert scene.domains() == {}


def altered(
    kind: str,
    position: int,
    do: Do | None = None,
    undo: Undo | None = None,
    base: Mapping[str, Workflow] = WORKFLOWS,
) -> dict[str, Workflow]:
    """Give the registry with one step of one workflow changed."""
    workflow = base[kind]
    step = workflow.steps[position]
    changed: Step = replace(step, do=do or step.do, undo=undo or step.undo)
    steps = (*workflow.steps[:position], changed, *workflow.steps[position + 1 :])
    return {**base, kind: replace(workflow, steps=steps)}


def failing(_tx: Tx, sagas: Sequence[Saga], _world: World) -> dict[str, Wait | StepFailed]:
    """A step that fails for all."""
    return {s.id: StepFailed("test", "on purpose") for s in sagas}


def twice(step: Any) -> Any:
    """Run a step, and run it again."""

    def run(tx: Tx, sagas: Sequence[Saga], world: World) -> object:
        step(tx, sagas, world)
        return step(tx, sagas, world)

    return run
