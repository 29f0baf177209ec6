"""How a change begins a workflow, or ends the one that stands in its way."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from common.model.workflow import Work
from controller.db import workflows
from controller.db.engine import Tx
from controller.workflow.registry import WORKFLOWS
from controller.workflow.world import World


class Begin(NamedTuple):
    """A workflow that is to begin: for what, whose, asked for by which request, and its own memory at the start."""

    subject: str
    project_id: str
    request_id: str
    data: Mapping[str, Any] = {}


def start_all(tx: Tx, world: World, kind: str, begun: Sequence[Begin]) -> list[Work]:
    """Begin workflows of one kind; they run after the commit.

    :raises Conflict: a subject has a live workflow.
    """
    now = world.clock.now()
    deadline = now + timedelta(seconds=WORKFLOWS[kind].deadline(world))
    works = [
        Work(
            id=world.ids(),
            kind=kind,
            subject=subject,
            project_id=project_id,
            state="live",
            direction="forward",
            position=0,
            data=dict(data),
            deadline=deadline,
            wake_at=now,
            created_at=now,
            updated_at=now,
            request_id=request_id,
        )
        for subject, project_id, request_id, data in begun
    ]
    workflows.add(tx, works)
    return works


def start(
    tx: Tx, world: World, kind: str, subject: str, project_id: str, data: dict[str, Any], request_id: str
) -> Work:
    """Begin a workflow for a subject; it runs after the commit.

    :param data: the workflow's own memory, as its module says.
    :raises Conflict: the subject has a live workflow.
    """
    (work,) = start_all(tx, world, kind, [Begin(subject, project_id, request_id, data)])
    return work


def supersede(tx: Tx, world: World, subjects: Iterable[str]) -> None:
    """End the live workflows of these subjects where they stand, so that a delete can begin.

    Call it before locking the subjects themselves: workflows come first in the order of locks.
    """
    workflows.supersede(tx, subjects, world.clock.now())
