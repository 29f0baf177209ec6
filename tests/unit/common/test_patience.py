"""Starting before what is needed is there."""

import threading

import pytest

from common import errors
from common.clock import ManualClock
from common.patience import SAID_SECONDS, Said, patiently


class Late:
    """Something that comes at the ``comes``-th try, a clock's half minute each."""

    def __init__(self, clock: ManualClock, comes: int) -> None:
        self.clock, self.comes, self.tries = clock, comes, 0

    def begin(self) -> str:
        self.tries += 1
        self.clock.advance(SAID_SECONDS / 2)
        if self.tries < self.comes:
            raise errors.DatabaseUnavailable("it is away")
        return "begun"


def test_it_goes_on_when_what_it_needs_comes_and_says_so_by_the_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    assert patiently(Late(clock, 6).begin, threading.Event(), clock, again=0.0) == "begun"
    assert [r.getMessage() for r in caplog.records] == ["waiting to start: it is away"] * 3


def test_it_can_be_told_to_end_meanwhile() -> None:
    ended, clock = threading.Event(), ManualClock()

    def begin() -> str:
        ended.set()
        raise errors.BusUnavailable("it is away")

    assert patiently(begin, ended, clock) is None


def test_another_error_ends_it() -> None:
    def begin() -> str:
        raise errors.SettingsError("a newer schema")

    with pytest.raises(errors.SettingsError):
        patiently(begin, threading.Event(), ManualClock())


def test_what_is_over_was_said_or_not() -> None:
    said = Said(ManualClock())
    assert (said.over(), said.is_due(), said.is_due(), said.over(), said.is_due()) == (False, True, False, True, True)
