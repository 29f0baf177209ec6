"""How often guests crashed of late."""

import json
from datetime import UTC, datetime
from pathlib import Path

from common.clock import ManualClock
from compute_agent.guest_crashes import FACT, GuestCrashes
from compute_agent.journal import Journal


def journal(clock: ManualClock) -> Journal:
    return Journal(":memory:", clock)


def test_each_guest_may_crash_so_many_times_within_so_many_seconds() -> None:
    clock = ManualClock()
    crashes = GuestCrashes(journal(clock), clock, 2, 600.0)
    assert [crashes.forgiven("a"), crashes.forgiven("a"), crashes.forgiven("a")] == [True, True, False]
    assert crashes.forgiven("b")
    clock.advance(601)
    assert crashes.forgiven("a")
    assert str(crashes) == "2 in 600 s"


def test_the_count_outlives_the_process(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Journal(tmp_path / "journal.sqlite", clock)
    assert GuestCrashes(first, clock, 1, 600.0).forgiven("a")
    first.close()
    clock.advance(599)
    second = Journal(tmp_path / "journal.sqlite", clock)
    assert not GuestCrashes(second, clock, 1, 600.0).forgiven("a")
    second.close()


def test_a_clock_that_was_set_back_makes_no_crash_last_for_ever() -> None:
    clock = ManualClock()
    kept = journal(clock)
    assert GuestCrashes(kept, clock, 1, 600.0).forgiven("a")
    earlier = ManualClock(datetime(2025, 1, 1, tzinfo=UTC))
    assert GuestCrashes(kept, earlier, 1, 600.0).forgiven("a")


def test_what_is_over_is_forgotten() -> None:
    clock = ManualClock()
    kept = journal(clock)
    crashes = GuestCrashes(kept, clock, 1, 600.0)
    crashes.forgiven("a")
    clock.advance(600)
    crashes.forgiven("b")
    assert list(json.loads(kept.fact(FACT))) == ["b"]
