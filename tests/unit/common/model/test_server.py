from datetime import UTC, datetime

import pytest

from common import errors
from common.guest import Guest
from common.model.server import Server
from common.states import Power, State, Task

BORN = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)

SERVER = Server(
    id="s",
    project_id="p",
    user_id="u",
    name="first",
    state=State.BUILD,
    power=Power.ON,
    generation=1,
    flavor_id="f",
    flavor_name="tiny",
    guest=Guest(vcpus=1, memory_mib=64, disk_gib=1),
    image_id="i",
    created_at=BORN,
    updated_at=BORN,
    task=Task.SPAWNING,
)


def test_a_move_gives_a_new_record_without_a_task() -> None:
    moved = SERVER.moved("built", at=LATER)
    assert (moved.state, moved.task, moved.updated_at) == (State.ACTIVE, None, LATER)
    assert (SERVER.state, SERVER.task, SERVER.updated_at) == (State.BUILD, Task.SPAWNING, BORN)


def test_a_move_that_the_table_lacks_is_a_conflict() -> None:
    with pytest.raises(errors.Conflict):
        SERVER.moved("reboot", at=LATER)


def test_records_are_frozen() -> None:
    with pytest.raises(AttributeError):
        SERVER.name = "second"  # type: ignore[misc]
