"""The journal: what is written is there again, all of a block or none of it."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from common import wire
from common.clock import ManualClock
from common.states import Power
from compute_agent.journal import Entry, Journal
from tests.doubles.agent import HOST, goal, server_id


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path, clock: ManualClock) -> Journal:
    return Journal(path, clock)


def event(number: int, clock: ManualClock) -> wire.Event:
    body = wire.raw(wire.PowerSeen(power=Power.OFF))
    return wire.Event(id=f"e{number}", host=HOST, host_epoch=0, seq=0, kind="power", body=body, at=clock.now())


SETTLED = wire.Settled(power=Power.ON, hardware=wire.Hardware(machine="q35", cpu="x", devices=()))
FAILED = wire.Failed(code="hypervisor", reason="no")


@pytest.mark.parametrize(
    "entry",
    [
        Entry(goal=goal(1)),
        Entry(goal=goal(1), state="settled", settled=SETTLED, seen=Power.ON, restarted=True, request_id="req-1"),
        Entry(goal=goal(1), state="failed", failed=FAILED, seen=Power.CRASHED),
    ],
)
def test_an_entry_survives_the_process(journal: Journal, path: Path, clock: ManualClock, entry: Entry) -> None:
    journal.write(entry)
    journal.close()
    again = Journal(path, clock)
    assert again.entry(server_id(1)) == entry
    assert again.entry(server_id(2)) is None


def test_a_file_that_was_copied_while_open_has_all_that_was_written(
    journal: Journal, path: Path, tmp_path: Path, clock: ManualClock
) -> None:
    journal.write(Entry(goal=goal(1)))
    for suffix in ("", "-wal"):
        (tmp_path / f"copy{suffix}").write_bytes(path.with_name(path.name + suffix).read_bytes())
    assert list(Journal(tmp_path / "copy", clock).living()) == [server_id(1)]


def test_living_and_open(journal: Journal) -> None:
    journal.write(Entry(goal=goal(1)))
    journal.write(Entry(goal=goal(2), state="settled", settled=SETTLED))
    journal.write(Entry(goal=goal(3, power=Power.GONE), state="settled", settled=wire.Settled(power=Power.GONE)))
    journal.write(Entry(goal=goal(4, power=Power.GONE)))
    assert list(journal.living()) == [server_id(1), server_id(2), server_id(4)]
    assert list(journal.open()) == [server_id(1), server_id(4)]
    assert sorted(one.server for one in journal.goals()) == [server_id(1), server_id(2), server_id(4)]
    assert journal.entry(server_id(3)) is not None


def test_old_tombstones_are_forgotten(journal: Journal, clock: ManualClock) -> None:
    gone = wire.Settled(power=Power.GONE)
    journal.write(Entry(goal=goal(1, power=Power.GONE), state="settled", settled=gone))
    journal.write(Entry(goal=goal(2)))
    clock.advance(100)
    journal.write(Entry(goal=goal(3, power=Power.GONE), state="settled", settled=gone))
    assert journal.prune(clock.now() - timedelta(seconds=50)) == 1
    assert [journal.entry(server_id(n)) is not None for n in (1, 2, 3)] == [False, True, True]


def test_all_of_a_block_or_none(journal: Journal) -> None:
    def block() -> None:
        with journal.together():
            journal.remember("epoch", "1")
            with journal.together():
                journal.write(Entry(goal=goal(1)))
            raise KeyError

    with pytest.raises(KeyError):
        block()
    assert journal.fact("epoch") == ""
    assert journal.living() == {}


def test_events_keep_their_order_until_confirmed(journal: Journal, clock: ManualClock) -> None:
    assert journal.last_seq() == 0
    for number in (1, 2, 3):
        journal.add_event(event(number, clock))
    assert [(e.id, e.seq) for e in journal.events(2)] == [("e1", 1), ("e2", 2)]
    journal.confirm(["e1", "e3", "unknown"])
    assert [(e.id, e.seq) for e in journal.events(9)] == [("e2", 2)]
    journal.confirm(["e2"])
    journal.add_event(event(4, clock))
    assert [(e.id, e.seq) for e in journal.events(9)] == [("e4", 4)]
    assert journal.last_seq() == 4


def test_facts(journal: Journal) -> None:
    journal.remember("epoch", "1")
    journal.remember("epoch", "2")
    assert journal.fact("epoch") == "2"


def test_a_damaged_file_is_put_aside(path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b"this is no database" * 100)
    journal = Journal(path, clock)
    assert journal.living() == {}
    assert [file.name for file in path.parent.glob("*broken*")] == ["journal.broken-20260101T000000"]
    assert "damaged" in caplog.text


def test_a_file_that_cannot_be_opened_is_an_error(path: Path, clock: ManualClock) -> None:
    path.mkdir()
    with pytest.raises(sqlite3.OperationalError):
        Journal(path, clock)


def test_writes_are_on_disk_when_they_return(journal: Journal) -> None:
    assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def spoil(path: Path, journal: Journal) -> None:
    """Let the disk lose all of a journal but its first page, while it is open."""
    journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    journal._db.execute("PRAGMA shrink_memory")
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


def test_a_file_damaged_while_in_use_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path, ManualClock())
    journal.write(Entry(goal=goal(1)))
    spoil(path, journal)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        journal.write(Entry(goal=goal(2)))
    assert journal.heal(caught.value)
    assert journal.living() == {}
    journal.write(Entry(goal=goal(2)))
    assert list(journal.living()) == [server_id(2)]
    assert [file.name[:14] for file in tmp_path.glob("journal.broken*")][:1] == ["journal.broken"]
    journal.close()


@pytest.mark.parametrize("error", [ValueError("x"), sqlite3.OperationalError("disk I/O error")])
def test_other_errors_are_no_damage(tmp_path: Path, error: Exception) -> None:
    journal = Journal(tmp_path / "journal.sqlite", ManualClock())
    journal.write(Entry(goal=goal(1)))
    assert not journal.heal(error)
    assert list(journal.living()) == [server_id(1)]
    journal.close()
