"""The writer's core: shared commits, halving, keys, full queues, a database that goes away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from common import errors
from common.clock import ManualClock
from common.ids import time_ordered
from common.settings import Settings
from controller.db import tables
from controller.db.engine import Store, Tx
from controller.scheduler.contract import Decision
from controller.scheduler.terms import Ask
from controller.workflow.world import World
from controller.writer import Change, Key
from controller.writer.answers import Answers
from controller.writer.group import GroupWriter


class Make(Change[str], frozen=True):
    """Makes a project, and answers its id; the name ``refused`` is refused, ``bug`` is a mistake in the code."""

    returns: ClassVar[Any] = str
    name: str

    def apply(self, tx: Tx, world: World) -> str:
        new = world.ids()
        tx.put(tables.project, [{"id": new, "name": self.name}])
        if self.name == "refused":
            raise errors.Forbidden("not this name")
        if self.name == "bug":
            raise ZeroDivisionError
        return new


class Hot(Make, frozen=True):
    """The same, several at once: one that is wrong breaks all."""

    batches: ClassVar[list[int]] = []

    @classmethod
    def accept(cls, tx: Tx, changes: "Sequence[Change[str]]", world: World) -> "list[str | errors.ToftError]":
        cls.batches.append(len(changes))
        return [change.apply(tx, world) for change in changes]


class NoScheduler:
    """Counts how often it was told to forget."""

    def __init__(self) -> None:
        self.reloads = 0

    def claim(self, tx: Tx, asks: Sequence[Ask]) -> list[Decision]:
        raise NotImplementedError

    def release(self, tx: Tx, servers: Sequence[str]) -> None:
        raise NotImplementedError

    def reload(self) -> None:
        self.reloads += 1


@dataclass
class Bench:
    """A writer on a store, and what is told of it."""

    store: Store
    clock: ManualClock = field(default_factory=ManualClock)
    scheduler: NoScheduler = field(default_factory=NoScheduler)
    commits: int = 0

    def writer(self, limit: int = 1024) -> GroupWriter:
        world = World(self.clock, time_ordered(self.clock), Settings(), self.scheduler)
        answers = Answers(lambda text: text[::-1], lambda text: text[::-1])
        return GroupWriter(self.store, world, answers, self.committed, limit)

    def committed(self) -> None:
        self.commits += 1

    def names(self) -> list[str]:
        with self.store.read() as tx:
            return [name for (name,) in tx.rows(sa.select(tables.project.c.name).order_by(tables.project.c.name))]

    def keys(self) -> int:
        with self.store.read() as tx:
            return len(tx.rows(sa.select(tables.idempotency.c.key)))


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)


@pytest.fixture
def lone(sqlite_store: Store) -> Bench:
    Hot.batches.clear()
    return Bench(sqlite_store)


def test_what_waits_shares_one_commit(bench: Bench) -> None:
    writer = bench.writer()
    futures = [writer.offer(Make(name=f"n{i}")) for i in range(5)]
    assert not any(future.done() for future in futures)
    assert writer.turn()
    assert len({future.result(0) for future in futures}) == 5
    assert bench.commits == 1
    assert bench.names() == ["n0", "n1", "n2", "n3", "n4"]
    assert not writer.turn()


def test_a_batch_has_a_bound(lone: Bench) -> None:
    writer = lone.writer()
    for i in range(130):
        writer.offer(Hot(name=f"n{i}"))
    writer.turn()
    writer.turn()
    assert Hot.batches == [128, 2]


def test_a_refusal_is_the_submitters_alone(bench: Bench) -> None:
    writer = bench.writer()
    good, bad, twice = (writer.offer(Make(name=name)) for name in ("good", "refused", "good"))
    writer.turn()
    assert good.result(0)
    assert isinstance(bad.exception(0), errors.Forbidden)
    assert isinstance(twice.exception(0), errors.Conflict)
    assert bench.names() == ["good"]


@pytest.mark.parametrize("place", range(5))
def test_a_batch_that_breaks_is_halved_to_the_culprit(lone: Bench, place: int) -> None:
    writer = lone.writer()
    names = [f"n{i}" for i in range(5)]
    names[place] = "bug"
    futures = [writer.offer(Hot(name=name)) for name in names]
    while writer.turn():
        pass
    broken = [future.exception(0) for future in futures]
    assert [isinstance(error, ZeroDivisionError) for error in broken] == [name == "bug" for name in names]
    assert lone.names() == sorted(set(names) - {"bug"})
    assert lone.scheduler.reloads >= 1


def test_a_refusal_raised_by_a_hot_change_reaches_its_submitter_alone(lone: Bench) -> None:
    writer = lone.writer()
    good, bad = (writer.offer(Hot(name=name)) for name in ("good", "refused"))
    while writer.turn():
        pass
    assert good.result(0)
    assert isinstance(bad.exception(0), errors.Forbidden)


def test_halves_go_before_what_came_later(lone: Bench) -> None:
    writer = lone.writer()
    for name in ("a", "bug", "c", "d"):
        writer.offer(Hot(name=name))
    writer.turn()
    writer.offer(Hot(name="later"))
    while writer.turn():
        pass
    assert Hot.batches == [4, 2, 1, 1, 2, 1]


def test_submit_writes_at_once_and_raises_the_refusal(bench: Bench) -> None:
    writer = bench.writer()
    assert writer.submit(Make(name="one"))
    with pytest.raises(errors.Forbidden):
        writer.submit(Make(name="refused"))


def test_the_same_key_gives_the_same_answer(bench: Bench) -> None:
    writer = bench.writer()
    first = writer.submit(Make(name="one"), Key("p", "k", "digest"))
    assert writer.submit(Make(name="one"), Key("p", "k", "digest")) == first
    assert bench.names() == ["one"]


def test_the_same_key_twice_in_a_batch_is_one_change(bench: Bench) -> None:
    writer = bench.writer()
    key = Key("p", "k", "digest")
    one, two, other = (
        writer.offer(Make(name=name), k)
        for name, k in (("one", key), ("one", key), ("two", key._replace(request_digest="x")))
    )
    writer.turn()
    assert one.result(0) == two.result(0)
    assert isinstance(other.exception(0), errors.Conflict)
    assert bench.names() == ["one"]


def test_another_request_under_the_same_key_is_refused(bench: Bench) -> None:
    writer = bench.writer()
    writer.submit(Make(name="one"), Key("p", "k", "digest"))
    with pytest.raises(errors.Conflict, match="another request"):
        writer.submit(Make(name="two"), Key("p", "k", "other digest"))
    assert writer.submit(Make(name="two"), Key("another project", "k", "other digest"))


def test_a_refusal_is_not_kept(bench: Bench) -> None:
    writer = bench.writer()
    with pytest.raises(errors.Forbidden):
        writer.submit(Make(name="refused"), Key("p", "k", "digest"))
    assert bench.keys() == 0
    assert writer.submit(Make(name="allowed"), Key("p", "k", "other digest"))


def test_a_key_is_forgotten_after_a_day(bench: Bench) -> None:
    writer = bench.writer()
    first = writer.submit(Make(name="one"), Key("p", "k", "digest"))
    bench.clock.advance(timedelta(hours=24).total_seconds())
    assert writer.submit(Make(name="two"), Key("p", "k", "other digest")) != first


def test_an_answer_that_cannot_be_read_is_a_conflict(bench: Bench) -> None:
    writer = bench.writer()
    writer.submit(Make(name="one"), Key("p", "k", "digest"))
    with bench.store.tx() as tx:
        tx.do(sa.update(tables.idempotency).values(answer="not JSON"))
    with pytest.raises(errors.Conflict, match="cannot be read"):
        writer.submit(Make(name="one"), Key("p", "k", "digest"))


def test_what_is_kept_is_sealed(bench: Bench) -> None:
    made = bench.writer().submit(Make(name="one"), Key("p", "k", "digest"))
    with bench.store.read() as tx:
        assert tx.one(sa.select(tables.idempotency.c.answer)) == (f'"{made}"'[::-1],)


def test_a_full_queue_refuses_at_once(lone: Bench) -> None:
    writer = lone.writer(limit=2)
    kept = [writer.offer(Make(name=name)) for name in ("a", "b")]
    with pytest.raises(errors.Unavailable, match="too many"):
        writer.offer(Make(name="c"))
    writer.turn()
    assert [future.exception(0) for future in kept] == [None, None]
    writer.offer(Make(name="c"))


def test_what_its_submitter_gave_up_is_not_written(lone: Bench) -> None:
    writer = lone.writer()
    writer.offer(Make(name="a")).cancel()
    assert not writer.turn()
    assert lone.names() == []


def test_closing_refuses_what_waits_and_what_comes(lone: Bench) -> None:
    writer = lone.writer()
    halved = [writer.offer(Hot(name=name)) for name in ("a", "bug")]
    writer.turn()
    waiting = writer.offer(Make(name="w"))
    writer.close()
    assert all(isinstance(future.exception(0), errors.Unavailable) for future in [*halved, waiting])
    with pytest.raises(errors.Unavailable):
        writer.offer(Make(name="x"))
    assert not writer.turn()


class Failing(Store):
    """A store whose transactions end in given errors, after the commit or without one."""

    def __init__(self, url: str, ends: list[errors.ToftError | None]) -> None:
        super().__init__(url)
        self.ends = ends

    @contextmanager
    def tx(self) -> Iterator[Tx]:
        end = self.ends.pop(0) if self.ends else None
        if isinstance(end, errors.Contention):
            raise end
        with super().tx() as tx:
            yield tx
        if end:
            raise end


def test_an_unknown_outcome_is_unavailable_and_the_key_tells(lone: Bench) -> None:
    lone.store = store = Failing(str(lone.store.engine.url), [errors.DatabaseUnavailable("away at COMMIT")])
    writer, key = lone.writer(), Key("p", "k", "digest")
    with pytest.raises(errors.DatabaseUnavailable):
        writer.submit(Make(name="one"), key)
    assert lone.commits == 0
    assert writer.submit(Make(name="one"), key)
    assert lone.names() == ["one"]
    store.close()


@pytest.mark.parametrize(("times", "written"), [(4, True), (5, False)])
def test_contention_runs_the_whole_batch_again_a_few_times(lone: Bench, times: int, written: bool) -> None:
    lone.store = store = Failing(str(lone.store.engine.url), [errors.Contention("busy") for _ in range(times)])
    writer = lone.writer()
    futures = [writer.offer(Hot(name=name)) for name in ("a", "b")]
    while writer.turn():
        pass
    assert [future.exception(0) is None for future in futures] == [written, written]
    assert Hot.batches == ([2] if written else [])
    assert lone.scheduler.reloads == times
    store.close()
