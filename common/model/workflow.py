"""Work under way, as it is kept: one row a workflow, one line of the timeline for each thing that a step did."""

from datetime import datetime
from typing import Any

from common.model import Record


class Work(Record, frozen=True):
    """A workflow. ``position`` is the step to run next, or (``direction`` back) to undo next.

    ``state`` is live, done, undone or superseded. ``failure`` has ``code`` and ``message``. ``lease_epoch`` grows each
    time that a controller takes it.
    """

    id: str
    kind: str
    subject: str
    project_id: str
    state: str
    direction: str
    position: int
    deadline: datetime
    wake_at: datetime
    created_at: datetime
    updated_at: datetime
    data: dict[str, Any] = {}
    failure: dict[str, str] | None = None
    tries: int = 0
    lease_epoch: int = 0
    lease_until: datetime | None = None
    request_id: str = ""


class Moment(Record, frozen=True):
    """One line of a workflow's timeline. ``outcome`` is done, waiting, failed, undone or retry.

    ``controller`` is the process that wrote it. ``more`` has what the host says of its own steps: ``took``, seconds by
    step in order, and ``tries``, why earlier ones failed.
    """

    id: str
    workflow_id: str
    subject: str
    kind: str
    step: str
    outcome: str
    at: datetime
    detail: str = ""
    controller: str | None = None
    more: dict[str, Any] | None = None
