"""The stretch in the inbox: what an event wakes is run in its transaction, and what goes wrong there loses nothing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress

import pytest
from msgspec.structs import replace

from common import errors
from common.model.workflow import Work
from common.states import State
from controller.db import tables, workflows
from controller.db.engine import Tx
from controller.workflow.registry import WORKFLOWS
from controller.workflow.saga import Saga
from controller.workflow.world import World
from controller.writer import Change
from controller.writer.answers import Answers
from controller.writer.group import GroupWriter
from tests.workflow.crash import altered
from tests.workflow.scene import Scene


def answered(scene: Scene, count: int = 1) -> list[str]:
    """Let servers be built, and their hosts say so; nobody has listened yet."""
    made = [server.id for server in scene.create(count)]
    scene.runner.turn()
    scene.relay.turn()
    for agent in scene.agents:
        agent.turn()
    return made


def inbox_turn(scene: Scene) -> int:
    assert scene.inbox is not None
    return scene.inbox.turn()


def work(scene: Scene, server: str) -> Work:
    with scene.store.read() as tx:
        return workflows.of_subject(tx, server)[0]


def test_a_guest_is_active_in_the_turn_that_hears_of_it(scene: Scene) -> None:
    answered(scene, 3)
    assert inbox_turn(scene) == 3
    assert scene.states() == [State.ACTIVE] * 3
    assert scene.live() == []
    assert scene.inbox is not None
    assert not scene.inbox.stirred, "nothing is left to run or to publish"
    scene.audit()


def test_what_another_controller_holds_is_only_woken(scene: Scene) -> None:
    (server,) = answered(scene)
    until = scene.clock.now()
    with scene.store.tx() as tx:
        held = replace(work(scene, server), lease_until=scene.clock.now().replace(year=9999))
        tx.change(tables.workflow, [{"id": held.id, "lease_until": held.lease_until}])
    inbox_turn(scene)
    assert scene.inbox is not None
    assert scene.inbox.stirred
    assert scene.states() == [State.BUILD]
    assert work(scene, server).wake_at >= until
    with scene.store.tx() as tx:
        tx.change(tables.workflow, [{"id": held.id, "lease_until": None}])
    scene.settle()
    assert scene.states() == [State.ACTIVE]


def test_a_step_that_breaks_takes_no_event_with_it(scene: Scene) -> None:
    """The event is kept, and its workflow left to the runner, which tries again and gives up in the end."""

    def breaks(_tx: Tx, _sagas: Sequence[Saga], _world: World) -> None:
        raise RuntimeError("on purpose")

    scene.registry = altered("server.create", 4, do=breaks)
    scene.boot()
    (server,) = answered(scene)
    assert inbox_turn(scene) == 1, "with its workflow: rolled back"
    assert scene.count(tables.inbox) == 2, "the hellos"
    assert inbox_turn(scene) == 1, "without"
    assert scene.count(tables.inbox) == 3
    assert inbox_turn(scene) == 0, "it was acked"
    scene.runner.turn()
    scene.runner.turn()
    assert work(scene, server).tries == 1
    scene.registry = WORKFLOWS
    scene.boot()
    scene.settle()
    assert scene.states() == [State.ACTIVE]


class Acks:
    """A consumer that notes what is acked."""

    def __init__(self, scene: Scene) -> None:
        self.tags: list[int] = []
        self._real = scene.consumer.ack
        scene.consumer.ack = self._note  # type: ignore[method-assign]

    def _note(self, tags: Sequence[int]) -> None:
        self.tags += tags
        self._real(tags)


@pytest.mark.parametrize("loss", [errors.Contention, errors.DatabaseUnavailable])
def test_a_turn_that_is_lost_puts_its_events_back_before_anything_is_acked(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, loss: type[errors.ToftError]
) -> None:
    answered(scene, 2)
    acks = Acks(scene)
    with monkeypatch.context() as patched:
        patched.setattr(scene.store, "tx", lost(loss))
        if loss is errors.Contention:
            assert inbox_turn(scene) == 2, "at once again"
        else:
            with pytest.raises(loss):
                inbox_turn(scene)
    for agent in scene.agents:
        agent.heartbeat()
    assert acks.tags == []
    assert inbox_turn(scene) == 2, "the same events, before the heartbeats that came after them"
    assert len(acks.tags) == 2
    assert scene.states() == [State.ACTIVE] * 2


def lost(error: type[errors.ToftError]) -> Callable[[], AbstractContextManager[Tx]]:
    @contextmanager
    def tx() -> Iterator[Tx]:
        raise error("on purpose")
        yield

    return tx


def test_events_of_hosts_have_a_transaction_of_their_own(scene: Scene) -> None:
    answered(scene, 2)
    for agent in scene.agents:
        agent.heartbeat()
    assert [inbox_turn(scene) for _ in range(3)] == [2, 2, 0]


class Idle(Change[None], frozen=True):
    """A change that changes nothing."""

    def apply(self, tx: Tx, world: World) -> None:
        return None


class Reloads:
    """Counts a scheduler's reloads."""

    def __init__(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        monkeypatch.setattr(scene.world.scheduler, "reload", self)

    def __call__(self) -> None:
        self.count += 1


@pytest.mark.parametrize("error", [errors.Contention, errors.DatabaseUnavailable, RuntimeError])
@pytest.mark.parametrize("who", ["runner", "inbox", "writer"])
def test_the_scheduler_forgets_its_mirror_at_every_rollback(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, who: str, error: type[Exception]
) -> None:
    answered(scene)
    scene.create()
    reloads = Reloads(scene, monkeypatch)
    writer = GroupWriter(scene.store, scene.world, Answers(bytes, bytes))
    writer.offer(Idle())
    turns = {"runner": scene.runner.turn, "inbox": lambda: inbox_turn(scene), "writer": writer.turn}

    @contextmanager
    def tx() -> Iterator[Tx]:
        with real() as open_:
            yield open_
            raise error("the commit fails")

    real = scene.store.tx
    monkeypatch.setattr(scene.store, "tx", tx)
    with suppress(errors.DatabaseUnavailable):
        turns[who]()
    assert reloads.count >= 1
