"""Between a workflow's row and the saga that steps see."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from common.model.server import Server
from common.model.workflow import Moment, Work
from controller.db import servers, timeline, workflows
from controller.db.engine import Tx
from controller.workflow.saga import Saga, StepFailed
from controller.workflow.world import World


def saga(work: Work, server: Server | None = None) -> Saga:
    """Make a saga of a row that was taken, with its subject where that is locked and read already."""
    return Saga(
        id=work.id,
        kind=work.kind,
        subject=work.subject,
        project_id=work.project_id,
        position=work.position,
        direction=work.direction,
        data=dict(work.data),
        failure=StepFailed(**work.failure) if work.failure else None,
        tries=work.tries,
        epoch=work.lease_epoch,
        deadline=work.deadline,
        request_id=work.request_id,
        found=server,
        server=server,
    )


def write(tx: Tx, works: Sequence[Work], sagas: Sequence[Saga], world: World) -> None:
    """Write what a stretch made of these workflows: their subjects, their lines in the timeline, themselves.

    :raises Conflict: another controller has taken one since; roll back.
    """
    servers.update(tx, [(s.found, s.server) for s in sagas if s.found and s.server])
    timeline.add(tx, moments(sagas, world))
    workflows.save(tx, after(works, sagas, world.clock.now()))


def after(works: Sequence[Work], sagas: Sequence[Saga], now: datetime) -> list[Work]:
    """Give the rows as they are after a stretch, their leases given back."""
    return [_after(work, saga, now) for work, saga in zip(works, sagas, strict=True)]


def _after(work: Work, saga: Saga, now: datetime) -> Work:
    failure = {"code": saga.failure.code, "message": saga.failure.message} if saga.failure else None
    return replace(
        work,
        state=saga.state,
        direction=saga.direction,
        position=saga.position,
        data=saga.data,
        failure=failure,
        tries=saga.tries,
        wake_at=saga.wake_at or now,
        lease_until=None,
        updated_at=now,
    )


def moments(sagas: Iterable[Saga], world: World) -> list[Moment]:
    """Give the lines that a stretch adds to the timeline, a microsecond apart so that their order can be read."""
    now = world.clock.now()
    return [
        Moment(
            id=world.ids(),
            workflow_id=saga.id,
            subject=saga.subject,
            kind=saga.kind,
            step=note.step,
            outcome=note.outcome,
            detail=note.detail,
            at=now + timedelta(microseconds=order),
            controller=world.me,
            more=note.more,
        )
        for saga in sagas
        for order, note in enumerate(saga.notes)
    ]
