"""One batch of changes in one transaction: keys first, then the changes, kind by kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from common import errors
from controller.db import idempotency
from controller.db.engine import Tx
from controller.db.idempotency import Kept, Name
from controller.workflow.world import World
from controller.writer.answers import Answers
from controller.writer.contract import Change, Key


class Wish(NamedTuple):
    """A change, and the key it came with."""

    change: Change[Any]
    key: Key | None = None


@dataclass
class _Slot:
    """A wish on its way to a result, or to the error that refuses it."""

    change: Change[Any]
    name: Name | None
    digest: str
    result: Any = None
    settled: bool = False

    def settle(self, result: Any) -> None:
        self.result, self.settled = result, True

    def other(self, digest: str) -> errors.Conflict | None:
        """Give the refusal where the key came with another request first."""
        if digest == self.digest:
            return None
        return errors.Conflict("this idempotency key was used with another request; use a new key")


def write(tx: Tx, wishes: Sequence[Wish], world: World, answers: Answers) -> list[Any]:
    """Make the changes; gives a result or an error for each, in order. Only successes are kept under their keys."""
    slots = [_slot(wish) for wish in wishes]
    firsts: dict[Name | None, _Slot] = {}
    for slot in slots:
        if slot.name:
            firsts.setdefault(slot.name, slot)
    kept = idempotency.reserve(tx, {n: slot.digest for n, slot in firsts.items() if n}, world.clock.now())
    for slot in slots:
        if slot.name in kept:
            slot.settle(_again(slot, kept[slot.name], answers))
    _accept(tx, [slot for slot in slots if not slot.settled and firsts.get(slot.name, slot) is slot], world)
    _keep(tx, {name: slot.result for name, slot in firsts.items() if name and name not in kept}, answers)
    for slot in slots:
        if not slot.settled:
            first = firsts[slot.name]
            slot.settle(slot.other(first.digest) or first.result)
    return [slot.result for slot in slots]


def _slot(wish: Wish) -> _Slot:
    if wish.key is None:
        return _Slot(wish.change, None, "")
    return _Slot(wish.change, (wish.key.project_id, wish.key.key), wish.key.request_digest)


def _again(slot: _Slot, kept: Kept, answers: Answers) -> Any:
    """Give what an earlier batch kept under the slot's key."""
    refused = slot.other(kept.request_digest)
    if refused:
        return refused
    try:
        return answers.again(kept.answer, slot.change)
    except errors.Conflict as error:
        return error


def _accept(tx: Tx, slots: Sequence[_Slot], world: World) -> None:
    """Make the changes, those of one class at once."""
    kinds: dict[type[Change[Any]], list[_Slot]] = {}
    for slot in slots:
        kinds.setdefault(type(slot.change), []).append(slot)
    for kind, same in kinds.items():
        results = kind.accept(tx, [slot.change for slot in same], world)
        for slot, result in zip(same, results, strict=True):
            slot.settle(result)


def _keep(tx: Tx, results: dict[Name, Any], answers: Answers) -> None:
    """Keep successes under their keys, and let the keys of refusals go."""
    refused = {name for name, result in results.items() if isinstance(result, errors.ToftError)}
    idempotency.answer(tx, {name: answers.keep(result) for name, result in results.items() if name not in refused})
    idempotency.let_go(tx, refused)
