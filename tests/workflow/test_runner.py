"""The runner with small workflows of its own: what breaks stops nobody else, and leases keep stale writers out."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from common import errors
from common.clock import ManualClock
from common.ids import time_ordered
from common.model.workflow import Work
from common.settings import Settings
from controller.db import timeline, workflows
from controller.db.engine import Store, Tx
from controller.scheduler.exact import ExactScheduler
from controller.workflow import runner as runners
from controller.workflow.runner import Runner
from controller.workflow.saga import Saga, Step, StepFailed, Wait, Workflow
from controller.workflow.world import World


class Bench:
    """A runner of one kind of workflow, whose steps do what a test says."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, ManualClock()
        ids = time_ordered(self.clock)
        self.reloads = 0
        self.world = World(self.clock, ids, Settings(), _Counting(self, self.clock))
        self.poison: set[str] = set()
        self.stay: dict[str, Wait | StepFailed] = {}
        self.undo_stay: dict[str, Wait] = {}
        self.failed: list[str] = []
        self.undone: list[str] = []
        self.sizes: list[int] = []
        self.break_fail = self.break_undo = False
        self.held = True
        steps = (
            Step("first", do=self.first, undo=self.take_back),
            Step("second", do=self.second, needs="scheduler"),
        )
        self.flow = Workflow("test", steps, deadline=lambda world: 1000.0, fail=self.fail)
        self.runner = Runner(store, self.world, {"test": self.flow}, holds=lambda name: self.held, batch=64)

    def first(self, _tx: Tx, sagas: Sequence[Saga], _world: World) -> None:
        self.sizes.append(len(sagas))

    def second(self, _tx: Tx, sagas: Sequence[Saga], _world: World) -> dict[str, Wait | StepFailed]:
        if self.poison & {s.subject for s in sagas}:
            raise ValueError("a bad row")
        return {s.id: self.stay[s.subject] for s in sagas if s.subject in self.stay}

    def take_back(self, _tx: Tx, sagas: Sequence[Saga], _world: World) -> dict[str, Wait]:
        if self.break_undo:
            raise ValueError("undo broke")
        self.undone += [s.subject for s in sagas]
        return {s.id: self.undo_stay[s.subject] for s in sagas if s.subject in self.undo_stay}

    def fail(self, _tx: Tx, sagas: Sequence[Saga], _world: World) -> None:
        if self.break_fail:
            raise ValueError("fail broke")
        self.failed += [f"{s.subject}: {s.failure.message}" for s in sagas if s.failure]

    def begin(self, *subjects: str) -> None:
        now = self.clock.now()
        with self.store.tx() as tx:
            workflows.add(tx, [work(subject, self) for subject in subjects])
        assert now == self.clock.now()

    def works(self) -> dict[str, Work]:
        with self.store.read() as tx:
            found = workflows.WORKFLOWS.read(tx, workflows.WORKFLOWS.select())
        return {w.subject: w for w in found}

    def states(self) -> dict[str, str]:
        return {s: w.state for s, w in self.works().items()}


class _Counting(ExactScheduler):
    def __init__(self, bench: Bench, clock: ManualClock) -> None:
        super().__init__(clock, time_ordered(clock))
        self.bench = bench

    def reload(self) -> None:
        self.bench.reloads += 1


def work(subject: str, bench: Bench) -> Work:
    now = bench.clock.now()
    return Work(
        id=f"w-{subject}",
        kind="test",
        subject=subject,
        project_id="p",
        state="live",
        direction="forward",
        position=0,
        deadline=now + timedelta(seconds=1000),
        wake_at=now,
        created_at=now,
        updated_at=now,
    )


@pytest.fixture
def bench(sqlite_store: Store) -> Bench:
    return Bench(sqlite_store)


def test_nothing_to_do_is_nothing_done(bench: Bench) -> None:
    assert bench.runner.turn() == 0


def test_a_batch_runs_through_all_steps_in_one_turn(bench: Bench) -> None:
    bench.begin("a", "b")
    assert bench.runner.turn() == 2
    assert bench.states() == {"a": "done", "b": "done"}
    assert bench.sizes == [2]


def test_one_bad_row_among_64_stops_nobody(bench: Bench) -> None:
    subjects = [f"s{i:02}" for i in range(64)]
    bench.begin(*subjects)
    bench.poison = {"s41"}
    turns = 0
    while bench.runner.turn():
        turns += 1
    assert [s for s, state in bench.states().items() if state != "done"] == ["s41"]
    assert turns <= 2 * 6 + 3
    assert bench.reloads == 7
    bad = bench.works()["s41"]
    assert (bad.tries, bad.wake_at) == (1, bench.clock.now() + timedelta(seconds=2))
    with bench.store.read() as tx:
        assert [(m.outcome, m.detail) for m in timeline.of_subject(tx, "s41")] == [
            ("retry", "an internal error; the log tells more")
        ]
    bench.poison = set()
    bench.clock.advance(2)
    bench.runner.turn()
    assert bench.states()["s41"] == "done"


def test_what_keeps_breaking_is_given_up_and_undone(bench: Bench) -> None:
    bench.begin("a")
    bench.poison = {"a"}
    for _ in range(2 * runners.TRIES + 1):
        bench.runner.turn()
        bench.clock.advance(runners.LONGEST_PAUSE if not bench.runner._retries else 0)
    bench.runner.turn()
    assert bench.states() == {"a": "undone"}
    assert bench.works()["a"].failure == {"code": "internal", "message": "an internal error; the log tells more"}
    assert bench.failed == ["a: an internal error; the log tells more"]


def test_what_breaks_past_its_deadline_is_given_up_at_once(bench: Bench) -> None:
    bench.begin("a")
    bench.poison = {"a"}
    bench.clock.advance(1001)
    for _ in range(3):
        bench.runner.turn()
    assert bench.states() == {"a": "undone"}


def test_where_giving_up_breaks_too_it_is_tried_later(bench: Bench) -> None:
    bench.begin("a")
    bench.poison, bench.break_fail = {"a"}, True
    bench.clock.advance(1001)
    for _ in range(3):
        bench.runner.turn()
    assert (bench.states(), bench.works()["a"].tries) == ({"a": "live"}, 1)
    bench.break_fail = False
    bench.clock.advance(10)
    for _ in range(3):
        bench.runner.turn()
    assert bench.states() == {"a": "undone"}


def test_our_own_errors_keep_their_code_and_reason(bench: Bench) -> None:
    bench.begin("a")
    bench.clock.advance(1001)

    def refuse(*_args: object) -> None:
        raise errors.Conflict("it is taken")

    bench.runner._registry = {  # type: ignore[assignment]
        "test": Workflow("test", (Step("first", do=refuse),), lambda world: 1.0, bench.fail)
    }
    for _ in range(3):
        bench.runner.turn()
    assert bench.works()["a"].failure == {"code": "conflict", "message": "it is taken"}


def test_a_step_that_fails_one_undoes_that_one(bench: Bench) -> None:
    bench.begin("a", "b")
    bench.stay = {"a": StepFailed("full", "no room")}
    bench.runner.turn()
    assert bench.states() == {"a": "undone", "b": "done"}
    assert (bench.failed, bench.undone) == (["a: no room"], ["a"])


def test_an_undo_may_wait(bench: Bench) -> None:
    bench.begin("a")
    bench.stay, bench.undo_stay = {"a": StepFailed("full", "no room")}, {"a": Wait(5)}
    bench.runner.turn()
    assert (bench.states(), bench.works()["a"].direction) == ({"a": "live"}, "back")
    bench.undo_stay = {}
    bench.clock.advance(5)
    bench.runner.turn()
    assert bench.states() == {"a": "undone"}


def test_an_undo_that_breaks_is_tried_for_ever(bench: Bench) -> None:
    bench.begin("a")
    bench.stay, bench.break_undo = {"a": Wait(5)}, True
    bench.runner.turn()
    bench.stay = {"a": StepFailed("full", "no room")}
    bench.clock.advance(2000)
    for _ in range(3 * runners.TRIES):
        bench.runner.turn()
        bench.clock.advance(runners.LONGEST_PAUSE if not bench.runner._retries else 0)
    assert bench.states() == {"a": "live"}
    assert bench.works()["a"].direction == "back"
    bench.break_undo = False
    bench.clock.advance(runners.LONGEST_PAUSE)
    for _ in range(3):
        bench.runner.turn()
    assert (bench.states(), bench.undone) == ({"a": "undone"}, ["a"])


def test_a_wait_past_the_deadline_fails(bench: Bench) -> None:
    bench.begin("a")
    bench.stay = {"a": Wait(5000)}
    bench.runner.turn()
    assert bench.works()["a"].wake_at == bench.works()["a"].deadline
    bench.clock.advance(1000)
    bench.runner.turn()
    assert bench.works()["a"].failure == {
        "code": "deadline",
        "message": "second took longer than it may; see the timeline",
    }


def test_an_answer_past_the_deadline_still_counts(bench: Bench) -> None:
    bench.begin("a")
    bench.clock.advance(2000)
    bench.runner.turn()
    assert bench.states() == {"a": "done"}


def test_a_wait_is_told_once(bench: Bench) -> None:
    bench.begin("a")
    bench.stay = {"a": Wait(5)}
    for _ in range(3):
        bench.runner.turn()
        bench.clock.advance(5)
    with bench.store.read() as tx:
        assert [m.outcome for m in timeline.of_subject(tx, "a")] == ["done", "waiting"]


def test_only_the_holder_of_a_lease_runs_what_needs_it(bench: Bench) -> None:
    bench.begin("a")
    bench.held = False
    assert bench.runner.turn() == 1
    assert bench.runner.turn() == 0
    assert (bench.states(), bench.works()["a"].position) == ({"a": "live"}, 1)
    bench.held = True
    bench.runner.turn()
    assert bench.states() == {"a": "done"}


def test_a_lost_lease_rolls_everything_back(bench: Bench) -> None:
    bench.begin("a", "b")

    def steal(tx: Tx, _sagas: Sequence[Saga], _world: World) -> None:
        tx.change(workflows.WORKFLOWS.table, [{"id": "w-a", "lease_epoch": 99}])

    bench.runner._registry = {  # type: ignore[assignment]
        "test": Workflow("test", (Step("first", do=steal),), lambda world: 1.0, bench.fail)
    }
    bench.runner.turn()
    assert bench.states() == {"a": "live", "b": "live"}
    assert bench.works()["a"].lease_epoch == 0


def test_a_taken_workflow_is_not_taken_again(bench: Bench) -> None:
    bench.begin("a")
    now = bench.clock.now()
    with bench.store.tx() as tx:
        (taken,) = workflows.take(tx, now=now, until=now + timedelta(seconds=60), limit=9, kinds=["test"])
        assert taken.lease_epoch == 1
    assert bench.runner.turn() == 0
    bench.clock.advance(60)
    assert bench.runner.turn() == 1


def test_kinds_that_only_a_newer_controller_knows_are_left_to_it(bench: Bench) -> None:
    """During an upgrade both run: the older one would break on them, and take nothing else meanwhile."""
    with bench.store.tx() as tx:
        workflows.add(tx, [replace(work("newer", bench), kind="server.dream")])
    bench.begin("a")
    assert [bench.runner.turn() for _ in range(3)] == [1, 0, 0]
    assert bench.states() == {"newer": "live", "a": "done"}


def test_superseded_workflows_are_never_taken(bench: Bench) -> None:
    bench.begin("a")
    with bench.store.tx() as tx:
        assert [w.subject for w in workflows.supersede(tx, ["a", "b"], bench.clock.now())] == ["a"]
        assert workflows.supersede(tx, ["a"], bench.clock.now()) == []
    assert bench.runner.turn() == 0


def test_a_database_that_is_away_leaves_all_as_it_was(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.begin("a")

    def away(*_args: object) -> None:
        raise errors.DatabaseUnavailable

    monkeypatch.setattr(timeline, "add", away)
    with pytest.raises(errors.DatabaseUnavailable):
        bench.runner.turn()
    monkeypatch.undo()
    bench.runner.turn()
    assert (bench.states(), bench.reloads) == ({"a": "done"}, 1)


def test_a_take_that_breaks_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise ValueError("no such column")

    monkeypatch.setattr(workflows, "take", broken)
    with pytest.raises(ValueError, match="no such column"):
        bench.runner.turn()
