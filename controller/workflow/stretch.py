"""A stretch: a batch of workflows run from wait to wait, step by step, in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from controller.db.engine import Tx
from controller.db.workflows import Place
from controller.workflow.saga import Note, Saga, Step, StepFailed, Wait, Workflow
from controller.workflow.world import World

Registry = Mapping[str, Workflow]
Holds = Callable[[str], bool]


def closed_places(registry: Registry, holds: Holds) -> list[Place]:
    """Give the steps that only the holder of a lease may run, where we do not hold it."""
    return [
        Place(kind, position)
        for kind, workflow in registry.items()
        for position, step in enumerate(workflow.steps)
        if step.needs and not holds(step.needs)
    ]


def run(tx: Tx, sagas: Sequence[Saga], world: World, registry: Registry, closed: Sequence[Place]) -> None:
    """Run each workflow as far as it goes without waiting; those that meet on the way go on together.

    What is furthest behind goes first, so that a batch closes up. A workflow stops before a closed place.
    """
    now = world.clock.now()
    live = list(sagas)
    while live := [s for s in live if _runnable(s) and Place(s.kind, s.position) not in closed]:
        kind, direction, position = min((s.kind, s.direction, s.position) for s in live)
        here = [s for s in live if (s.kind, s.direction, s.position) == (kind, direction, position)]
        workflow = registry[kind]
        if direction == "forward":
            _forward(tx, here, world, workflow, now)
        else:
            _back(tx, here, world, workflow.steps[position], now)


def fail(tx: Tx, failures: Mapping[str, StepFailed], sagas: Sequence[Saga], world: World, workflow: Workflow) -> None:
    """Turn these workflows back, and let their kind tell the tenant why."""
    failed = [s for s in sagas if s.id in failures]
    for saga in failed:
        saga.turned_back(workflow.steps[saga.position].name, failures[saga.id])
    if failed:
        workflow.fail(tx, failed, world)


def _runnable(saga: Saga) -> bool:
    return saga.state == "live" and saga.wake_at is None


def _forward(tx: Tx, sagas: Sequence[Saga], world: World, workflow: Workflow, now: datetime) -> None:
    step = workflow.steps[sagas[0].position]
    stay = step.do(tx, sagas, world) or {}
    failures: dict[str, StepFailed] = {}
    for saga in sagas:
        answer = stay.get(saga.id)
        if answer is None:
            saga.went_on(step.name, len(workflow.steps))
        elif isinstance(answer, StepFailed):
            failures[saga.id] = answer
        elif saga.deadline <= now:
            failures[saga.id] = StepFailed("deadline", f"{step.name} took longer than it may; see the timeline")
        else:
            _wait(saga, step, answer, min(now + timedelta(seconds=answer.seconds), saga.deadline))
    fail(tx, failures, sagas, world, workflow)


def _back(tx: Tx, sagas: Sequence[Saga], world: World, step: Step, now: datetime) -> None:
    stay = (step.undo(tx, sagas, world) or {}) if step.undo else {}
    for saga in sagas:
        if saga.id in stay:
            _wait(saga, step, stay[saga.id], now + timedelta(seconds=stay[saga.id].seconds))
        else:
            saga.taken_back(step.name)


def _wait(saga: Saga, step: Step, answer: Wait, until: datetime) -> None:
    """Let a workflow wait; only its arrival at the step is a line of the timeline, not each look."""
    if saga.notes or saga.position == 0:
        saga.notes.append(Note(step.name, "waiting", f"looks again after {answer.seconds:.0f} s"))
    saga.waits(until)
