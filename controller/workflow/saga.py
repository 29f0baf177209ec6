"""What a workflow is made of. The runner runs it; this only says how one is written.

    CREATE = Workflow("server.create", (
        Step("claim", do=claim_hosts, undo=release_claims),
        Step("settle", do=await_built)), deadline=lambda world: 3600.0, fail=mark_failed)

A step takes a batch and says only who does not go on: ``{saga.id: Wait(30)}`` or ``{saga.id: StepFailed(...)}``. It
touches ``tx``, the batch and ``world``, nothing else. It may be run again at any time: after a crash, a rollback, or a
batch that was halved. Undo takes a batch likewise, may Wait, and never fails.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from common.model.server import Server
from controller.db.engine import Tx
from controller.workflow.world import World


@dataclass(frozen=True)
class Wait:
    """Not yet: run this step again after so many seconds, or as soon as an event wakes the workflow."""

    seconds: float


@dataclass(frozen=True)
class StepFailed:
    """This cannot succeed: undo the steps before it. ``code`` is an error's stable code."""

    code: str
    message: str


class Note(NamedTuple):
    """A line for the timeline: see ``Moment``."""

    step: str
    outcome: str
    detail: str = ""
    more: dict[str, Any] | None = None


@dataclass
class Saga:
    """One workflow under way. ``data`` is its own memory, kept as JSON; what others need is in their tables."""

    id: str
    kind: str
    subject: str
    project_id: str
    position: int
    direction: str
    data: dict[str, Any]
    failure: StepFailed | None
    tries: int
    epoch: int
    deadline: datetime
    request_id: str
    state: str = "live"
    wake_at: datetime | None = None
    """When to look again; None: at once."""
    notes: list[Note] = field(default_factory=list)
    """For the timeline, written with the stretch."""
    detail: str = ""
    """What the step that is being done has to tell; it goes into its line."""
    more: dict[str, Any] | None = None
    """What the host says of its own steps; likewise."""
    found: Server | None = None
    """Its subject as it was locked and read, once in a stretch."""
    server: Server | None = None
    """Its subject as the steps want it; what differs from ``found`` is written once, at the end of the stretch."""

    def waits(self, until: datetime) -> None:
        """Stay at this step until then."""
        self.wake_at = until

    def went_on(self, step: str, end: int) -> None:
        """Note that a step is done and go to the next; after the last of ``end`` steps the workflow is done."""
        self.notes.append(Note(step, "done", self.detail, self.more))
        self.detail, self.more = "", None
        self.position += 1
        self.tries, self.wake_at = 0, None
        if self.position == end:
            self.state = "done"

    def turned_back(self, step: str, failure: StepFailed) -> None:
        """Note that a step failed and begin to undo those before it."""
        self.notes.append(Note(step, "failed", failure.message, self.more))
        self.failure, self.direction = failure, "back"
        self.tries, self.wake_at = 0, None
        self._back_one()

    def taken_back(self, step: str) -> None:
        """Note that a step is undone and go to the one before; before the first the workflow is undone."""
        self.notes.append(Note(step, "undone"))
        self.tries, self.wake_at = 0, None
        self._back_one()

    def _back_one(self) -> None:
        self.position -= 1
        if self.position < 0:
            self.position, self.state = 0, "undone"


Stay = Mapping[str, Wait | StepFailed]
Do = Callable[[Tx, Sequence[Saga], World], Stay | None]
Undo = Callable[[Tx, Sequence[Saga], World], Mapping[str, Wait] | None]
Fail = Callable[[Tx, Sequence[Saga], World], None]


@dataclass(frozen=True)
class Step:
    """A step and the step that takes it back. ``needs="scheduler"``: only the holder of that lease runs it."""

    name: str
    do: Do
    undo: Undo | None = None
    needs: str = ""


@dataclass(frozen=True)
class Workflow:
    """Steps in order. ``deadline`` gives seconds from the start; ``fail`` tells the tenant, as it is written."""

    kind: str
    steps: tuple[Step, ...]
    deadline: Callable[[World], float]
    fail: Fail
