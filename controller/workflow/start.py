"""How a change begins a workflow, or ends the one that stands in its way."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from common.model.workflow import Work
from controller.db import workflows
from controller.db.engine import Tx
from controller.workflow.registry import WORKFLOWS
from controller.workflow.world import World


def start(
    tx: Tx, world: World, kind: str, subject: str, project_id: str, data: dict[str, Any], request_id: str
) -> Work:
    """Begin a workflow for a subject; it runs after the commit.

    :param data: the workflow's own memory, as its module says.
    :raises Conflict: the subject has a live workflow.
    """
    now = world.clock.now()
    work = Work(
        id=world.ids(),
        kind=kind,
        subject=subject,
        project_id=project_id,
        state="live",
        direction="forward",
        position=0,
        data=data,
        deadline=now + timedelta(seconds=WORKFLOWS[kind].deadline(world)),
        wake_at=now,
        created_at=now,
        updated_at=now,
        request_id=request_id,
    )
    workflows.add(tx, [work])
    return work


def supersede(tx: Tx, world: World, subjects: Iterable[str]) -> None:
    """End the live workflows of these subjects where they stand, so that a delete can begin.

    Call it before locking the subjects themselves: workflows come first in the order of locks.
    """
    workflows.supersede(tx, subjects, world.clock.now())
