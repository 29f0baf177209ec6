"""The runner: takes what is ready, runs a stretch, and lets one that breaks stop nobody else."""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from common import errors
from common.backoff import backoff
from common.model.server import Server
from common.model.workflow import Work
from controller.db import workflows
from controller.db.engine import Store, Tx
from controller.db.workflows import Place
from controller.workflow import rows, stretch
from controller.workflow.saga import Note, Saga, StepFailed, Workflow
from controller.workflow.world import World

LOG = logging.getLogger(__name__)
TRIES = 8
"""Times that a step may break before its workflow is given up."""
LONGEST_PAUSE = 300.0


class _Retry(NamedTuple):
    """A part of a batch that broke, to be tried by itself; or one workflow, to be put off or given up for ``cause``."""

    ids: tuple[str, ...]
    cause: Exception | None = None
    patient: bool = False


def _always(_name: str) -> bool:
    return True


class Runner:
    """Runs workflows. Each ``turn`` is exactly one transaction.

    :param registry: all kinds of workflows, by kind.
    :param holds: says whether this controller holds a lease that steps may need, by the lease's name.
    :param batch: how many workflows are taken at once.
    """

    def __init__(
        self,
        store: Store,
        world: World,
        registry: Mapping[str, Workflow],
        holds: stretch.Holds = _always,
        batch: int | None = None,
    ) -> None:
        self._store, self._world, self._registry, self._holds = store, world, registry, holds
        self._batch = batch or world.settings.controller.batch
        self._retries: deque[_Retry] = deque()
        self.more = False
        """Whether there is, or may be, more to be taken at once."""

    def turn(self) -> int:
        """Take what is ready, run it, and say how many workflows were taken.

        A batch that breaks is rolled back; its halves come in later turns, down to the one that is to blame.

        :raises DatabaseUnavailable: nothing was done.
        """
        retry = self._retries.popleft() if self._retries else None
        closed = stretch.closed_places(self._registry, self._holds)
        taken: list[Work] = []
        self.more = False
        try:
            with self._store.tx() as tx:
                taken += self._take(tx, retry, closed)
                self._run(tx, taken, retry, closed)
        except errors.DatabaseUnavailable:
            self._world.scheduler.reload()
            self._retries.extendleft([retry] if retry else ())
            raise
        except Exception as error:
            self._world.scheduler.reload()
            self._try_again(taken, retry, error)
        self.more = bool(self._retries) or len(taken) == self._batch
        return len(taken)

    def carry_on(self, tx: Tx, works: Sequence[Work], servers: Mapping[str, Server]) -> bool:
        """Run workflows that were woken, in the transaction that woke them and has them and their servers locked.

        What another controller holds is only woken. Any thread may call this.

        :returns: whether any of them is left to be run again.
        """
        now = self._world.clock.now()
        free = [w for w in works if w.kind in self._registry and (w.lease_until is None or w.lease_until <= now)]
        taken = workflows.lease(tx, free, self._until(now))
        sagas = [rows.saga(work, servers[work.subject]) for work in taken]
        stretch.run(tx, sagas, self._world, self._registry, stretch.closed_places(self._registry, self._holds))
        if taken:
            rows.write(tx, taken, sagas, self._world)
        held = {w.subject for w in works} - {w.subject for w in taken}
        workflows.wake(tx, held, now)
        return bool(held) or any(saga.state == "live" for saga in sagas)

    def _until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._world.settings.controller.workflow_lease_seconds)

    def _take(self, tx: Tx, retry: _Retry | None, closed: Sequence[Place]) -> list[Work]:
        now = self._world.clock.now()
        return workflows.take(
            tx,
            now=now,
            until=self._until(now),
            limit=self._batch,
            kinds=self._registry,
            ids=retry.ids if retry else None,
            without=closed,
        )

    def _run(self, tx: Tx, works: Sequence[Work], retry: _Retry | None, closed: Sequence[Place]) -> None:
        if not works:
            return
        sagas = [rows.saga(work) for work in works]
        if retry and retry.cause:
            self._put_off(tx, sagas[0], retry.cause, retry.patient)
        else:
            stretch.run(tx, sagas, self._world, self._registry, closed)
        rows.write(tx, works, sagas, self._world)

    def _try_again(self, works: Sequence[Work], retry: _Retry | None, error: Exception) -> None:
        ids = tuple(work.id for work in works)
        if len(ids) > 1:
            LOG.info("a batch of %d workflows broke (%s); trying it in halves", len(ids), error)
            middle = len(ids) // 2
            self._retries += [_Retry(ids[:middle]), _Retry(ids[middle:])]
        elif ids:
            LOG.error("workflow %s %s broke", works[0].kind, ids[0], exc_info=error)
            self._retries.append(_Retry(ids, cause=error, patient=bool(retry and retry.cause)))
        else:
            raise error

    def _put_off(self, tx: Tx, saga: Saga, cause: Exception, patient: bool) -> None:
        """Let a workflow that broke try later; give it up after enough tries, or at its deadline.

        Going back is never given up. With ``patient`` giving up has broken too.
        """
        now = self._world.clock.now()
        workflow = self._registry[saga.kind]
        saga.tries += 1
        reason = cause.message if isinstance(cause, errors.ToftError) else "an internal error; the log tells more"
        hopeless = saga.tries >= TRIES or saga.deadline <= now
        if hopeless and saga.direction == "forward" and not patient:
            code = cause.code if isinstance(cause, errors.ToftError) else "internal"
            stretch.fail(tx, {saga.id: StepFailed(code, reason)}, [saga], self._world, workflow)
        else:
            saga.notes.append(Note(workflow.steps[saga.position].name, "retry", reason))
            saga.waits(now + timedelta(seconds=backoff(saga.tries, LONGEST_PAUSE)))
