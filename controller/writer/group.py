"""Group commit: what waits is written in one transaction; what breaks it is found by halving."""

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from common import errors
from controller.db.engine import Store
from controller.workflow.world import World
from controller.writer.answers import Answers
from controller.writer.batch import Wish, write
from controller.writer.contract import Change, Key

LOG = logging.getLogger(__name__)
BATCH = 128
TRIES = 5
R = TypeVar("R")


@dataclass
class _Waiting:
    wish: Wish
    future: "Future[Any]"


@dataclass
class _Batch:
    waiting: list[_Waiting]
    tries: int = 1

    def halves(self) -> "list[_Batch]":
        middle = len(self.waiting) // 2
        return [_Batch(self.waiting[:middle]), _Batch(self.waiting[middle:])]


class GroupWriter:
    """The core of the writer: no thread, no clock of its own; each ``turn`` opens one transaction.

    :param committed: called after each commit, before the answers are given: work may wait for the runner.
    :param limit: changes that may wait; beyond it they are refused at once.
    """

    def __init__(
        self,
        store: Store,
        world: World,
        answers: Answers,
        committed: Callable[[], None] = lambda: None,
        limit: int = 1024,
    ) -> None:
        self._store, self._world, self._answers, self._committed = store, world, answers, committed
        self._limit = limit
        self._queue: deque[_Waiting] = deque()
        self._again: deque[_Batch] = deque()
        self._closed = False

    def offer(self, change: Change[R], key: Key | None = None) -> "Future[R]":
        """Let a change wait for a turn; its result or refusal comes through the future, after the commit.

        :raises Unavailable: too much waits already, or the writer is closed.
        """
        if self._closed or len(self._queue) >= self._limit:
            raise errors.Unavailable("too many changes wait to be written; try again in a few seconds")
        future: Future[R] = Future()
        self._queue.append(_Waiting(Wish(change, key), future))
        return future

    @property
    def waiting(self) -> int:
        """Give how many changes wait for a turn."""
        return len(self._queue)

    def submit(self, change: Change[R], key: Key | None = None) -> R:
        """Write at once, in the caller's thread: for tests, the simulator and small tools. See ``Writer``."""
        future = self.offer(change, key)
        while not future.done():
            self.turn()
        return future.result()

    def turn(self) -> bool:
        """Write what waits, up to 128 changes; says whether there was anything."""
        batch = self._next()
        if batch is None:
            return False
        try:
            with self._store.tx() as tx:
                results = write(tx, [w.wish for w in batch.waiting], self._world, self._answers)
        except errors.Contention as error:
            self._contended(batch, error)
        except errors.DatabaseUnavailable as error:
            self._world.scheduler.reload()
            _refuse(batch.waiting, error)
        except Exception as error:
            self._broken(batch, error)
        else:
            self._committed()
            for waiting, result in zip(batch.waiting, results, strict=True):
                _deliver(waiting.future, result)
        return True

    def close(self) -> None:
        """Refuse what still waits, and all that comes."""
        self._closed = True
        while (batch := self._next()) is not None:
            _refuse(batch.waiting, errors.Unavailable("the controller is stopping; try again"))

    def _next(self) -> _Batch | None:
        """Take the half of a broken batch, or what waits and was not given up by its submitter."""
        if self._again:
            return self._again.popleft()
        waiting: list[_Waiting] = []
        while self._queue and len(waiting) < BATCH:
            one = self._queue.popleft()
            if one.future.set_running_or_notify_cancel():
                waiting.append(one)
        return _Batch(waiting) if waiting else None

    def _contended(self, batch: _Batch, error: errors.Contention) -> None:
        """Nothing was written: run the whole batch again, a few times."""
        self._world.scheduler.reload()
        batch.tries += 1
        if batch.tries > TRIES:
            _refuse(batch.waiting, error)
        else:
            self._again.appendleft(batch)

    def _broken(self, batch: _Batch, error: Exception) -> None:
        """Nothing was written: look for the change that broke it in smaller batches; a single one gets the error."""
        self._world.scheduler.reload()
        if len(batch.waiting) > 1:
            self._again.extendleft(reversed(batch.halves()))
            return
        if not isinstance(error, errors.ToftError):
            LOG.error("a change of kind %s failed", type(batch.waiting[0].wish.change).__name__, exc_info=error)
        _refuse(batch.waiting, error)


def _refuse(waiting: list[_Waiting], error: Exception) -> None:
    for one in waiting:
        _deliver(one.future, error)


def _deliver(future: "Future[Any]", result: Any) -> None:
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
