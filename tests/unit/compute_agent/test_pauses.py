"""Pauses before a broken connection is tried again."""

import threading

import pytest

from compute_agent.pauses import FIRST_SECONDS, LONGEST_SECONDS, Pauses


class Ended(threading.Event):
    """Remembers how long was to be waited, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.asked.append(timeout)
        return False


@pytest.fixture
def ended() -> Ended:
    return Ended()


def test_they_grow_from_short_to_longest_and_are_never_the_same_twice(ended: Ended) -> None:
    pauses = Pauses(ended)
    for _ in range(30):
        pauses.rest()
    assert FIRST_SECONDS / 2 <= ended.asked[0] <= FIRST_SECONDS
    assert ended.asked[1] >= FIRST_SECONDS
    assert all(LONGEST_SECONDS / 2 <= seconds <= LONGEST_SECONDS for seconds in ended.asked[4:])
    assert len(set(ended.asked)) == 30


def test_they_are_short_again_after_a_success(ended: Ended) -> None:
    pauses = Pauses(ended)
    pauses.rest()
    pauses.rest()
    pauses.over()
    pauses.rest()
    assert ended.asked[2] <= FIRST_SECONDS
