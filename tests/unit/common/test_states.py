import itertools

import pytest

from common import errors, states
from common.states import MOVES, State

EVENTS = sorted({event for _, event in MOVES})


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, EVENTS)))
def test_the_table_is_all_there_is(state: State, event: str) -> None:
    if (state, event) in MOVES:
        assert states.moved(state, event) is MOVES[state, event]
    else:
        with pytest.raises(errors.Conflict, match=f"a server that is {state} cannot be {event}"):
            states.moved(state, event)


def test_every_state_can_be_reached_from_a_create() -> None:
    reached = {State.BUILD}
    while more := {after for (before, _), after in MOVES.items() if before in reached} - reached:
        reached |= more
    assert reached == set(State)


def test_nothing_leaves_deleted_and_everything_gets_there() -> None:
    assert not [before for before, _ in MOVES if before is State.DELETED]
    assert {before for (before, event) in MOVES if event == "deleted"} == set(State) - {State.DELETED}


def test_a_server_can_fail_in_every_state_but_deleted() -> None:
    assert {before for (before, event) in MOVES if event == "failed"} == set(State) - {State.DELETED}


def test_the_diagram_draws_each_move_once() -> None:
    lines = states.diagram().splitlines()
    for (before, event), after in MOVES.items():
        assert lines.count(f"    {before} --> {after}: {event}") == 1
    assert len(lines) == len(MOVES) + 3
