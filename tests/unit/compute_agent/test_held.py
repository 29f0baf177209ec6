"""Calls are begun when what they follow from is written, and not at all where it was not."""

from common import logs
from compute_agent.held import HeldLanes
from compute_agent.operation import Call
from tests.doubles.agent import Lanes


def submitted(lanes: Lanes) -> dict[str, list[int]]:
    return {lane: [token for _, token in calls] for lane, calls in lanes.waiting.items()}


def test_calls_wait_for_their_release_and_keep_order_and_context() -> None:
    lanes = Lanes()
    held = HeldLanes(lanes)
    seen: list[str] = []
    with logs.request("req-1"):
        held.submit("a", Call(len, ("x",)), 1)
    held.submit("a", Call(seen.append, ("x",)), 2)
    held.submit("b", Call(len, ("x",)), 3)
    assert submitted(lanes) == {}
    held.release()
    held.release()
    assert submitted(lanes) == {"a": [1, 2], "b": [3]}


def test_what_was_not_written_is_not_done() -> None:
    lanes = Lanes()
    held = HeldLanes(lanes)
    held.submit("a", Call(len, ("x",)), 1)
    held.drop()
    held.release()
    assert submitted(lanes) == {}


def test_stuck_lanes_are_those_below() -> None:
    lanes = Lanes()
    lanes.hung = {"a": "len has not come back"}
    assert HeldLanes(lanes).stuck() == lanes.hung
