"""The agent's journal: what must survive a crash is here before it is acked or done.

    goals    server -> its newest goal, how far it came, the power last told; deleted servers stay as tombstones
    events   what was said and not yet confirmed by the broker, in order
    facts    epoch, boot id

One SQLite file, WAL, synchronous=FULL: a write is on disk when it returns. Used by one thread.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from common.clock import Clock
from common.states import Power
from common.wire import Event, Failed, Goal, Settled, pack, unpack

LOG = logging.getLogger(__name__)

SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS goals (
    server TEXT PRIMARY KEY, goal BLOB NOT NULL, state TEXT NOT NULL, result BLOB, seen TEXT,
    restarted INTEGER NOT NULL, request_id TEXT NOT NULL, tombstone INTEGER NOT NULL, changed REAL NOT NULL);
CREATE INDEX IF NOT EXISTS goals_by_state ON goals (tombstone, state);
CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
COMMIT;
"""
"""In one write: a new host's disk is asked once."""


DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""What SQLite says of a file that is not as it left it."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A server's newest goal. ``seen`` is the power last told to the controller, ``restarted`` that its restart was
    done."""

    goal: Goal
    state: Literal["accepted", "settled", "failed"] = "accepted"
    settled: Settled | None = None
    failed: Failed | None = None
    seen: Power | None = None
    restarted: bool = False
    request_id: str = ""

    @property
    def tombstone(self) -> bool:
        """Say whether the server was deleted here, completely."""
        return self.state == "settled" and self.goal.power is Power.GONE


class Counts(NamedTuple):
    """What is in a journal: servers by how far they came and by the power last told, events that wait."""

    states: dict[str, int]
    powers: dict[str, int]
    events: int


class Journal:
    """The journal in one file. A file that is not a database is put aside: the hypervisor tells enough to go on."""

    def __init__(self, path: Path | str, clock: Clock) -> None:
        self._clock, self._path = clock, str(path)
        try:
            self._db = _opened(self._path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            self._begin_anew(error)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def heal(self, error: Exception) -> bool:
        """Begin a new file, if ``error`` says that this one is damaged; says whether it does.

        What was told and not confirmed is lost with it; the next hello shows all that is on the host.
        """
        damage = isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE
        if damage:
            self._db.close()
            self._begin_anew(error)
        return damage

    def _begin_anew(self, error: Exception) -> None:
        aside = Path(self._path).with_suffix(f".broken-{self._clock.now():%Y%m%dT%H%M%S}")
        LOG.error("the journal %s is damaged (%s); it is kept as %s and a new one begun", self._path, error, aside)
        for end in ("", "-wal", "-shm"):  # those of an old file would be taken for the new one's
            part = Path(self._path + end)
            if part.exists():
                part.rename(f"{aside}{end}")
        self._db = _opened(self._path)

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Make all writes of the block one transaction: on disk together when it ends, or none of them.

        Inside another such block it is part of that.
        """
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # some errors end it by themselves
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # ---- goals ---------------------------------------------------------------------------------------------
    def entry(self, server: str) -> Entry | None:
        """Give a server's entry; None where it was never heard of."""
        row = self._db.execute(f"SELECT {COLUMNS} FROM goals WHERE server = ?", (server,)).fetchone()  # noqa: S608
        return _entry(row) if row else None

    def living(self) -> dict[str, Entry]:
        """Give all entries but tombstones."""
        return self._entries("tombstone = 0")

    def goals(self) -> Iterator[Goal]:
        """Give the goals of all entries but tombstones, each read only when it is asked for: a host may have many."""
        for (goal,) in self._db.execute("SELECT goal FROM goals WHERE tombstone = 0"):
            yield unpack(goal, Goal)

    def open(self) -> dict[str, Entry]:
        """Give the entries whose goals are still to be reached."""
        return self._entries("tombstone = 0 AND state = 'accepted'")

    def _entries(self, which: str) -> dict[str, Entry]:
        rows = self._db.execute(f"SELECT {COLUMNS} FROM goals WHERE {which} ORDER BY server").fetchall()  # noqa: S608
        found = [_entry(row) for row in rows]
        return {entry.goal.server: entry for entry in found}

    def write(self, entry: Entry) -> None:
        """Write a server's entry over what was there."""
        result = entry.settled or entry.failed
        row = (
            entry.goal.server,
            pack(entry.goal),
            entry.state,
            pack(result) if result else None,
            entry.seen,
            entry.restarted,
            entry.request_id,
            entry.tombstone,
            self._clock.now().timestamp(),
        )
        with self.together():
            self._db.execute("INSERT OR REPLACE INTO goals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def prune(self, before: datetime) -> int:
        """Forget tombstones that are older than ``before``; give their number."""
        with self.together():
            rows = self._db.execute("DELETE FROM goals WHERE tombstone = 1 AND changed < ?", (before.timestamp(),))
        return rows.rowcount

    def counts(self) -> Counts:
        """Count what is in the journal."""
        living = "FROM goals WHERE tombstone = 0 GROUP BY 1"
        states = dict(self._db.execute(f"SELECT state, count(*) {living}").fetchall())
        powers = dict(self._db.execute(f"SELECT coalesce(seen, 'unknown'), count(*) {living}").fetchall())
        (events,) = self._db.execute("SELECT count(*) FROM events").fetchone()
        return Counts(states, powers, events)

    # ---- events --------------------------------------------------------------------------------------------
    def add_event(self, event: Event) -> None:
        """Keep an event until it is confirmed. Its place in the order is its ``seq``, given when it is read."""
        with self.together():
            self._db.execute("INSERT INTO events (id, event) VALUES (?, ?)", (event.id, pack(event)))

    def events(self, limit: int) -> list[Event]:
        """Give the oldest unconfirmed events, at most ``limit``, each with its ``seq``."""
        rows = self._db.execute("SELECT seq, event FROM events ORDER BY seq LIMIT ?", (limit,)).fetchall()
        return [msgspec.structs.replace(unpack(data, Event), seq=seq) for seq, data in rows]

    def last_seq(self) -> int:
        """Give the ``seq`` of the newest event ever added; 0 before the first."""
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        return int(row[0]) if row else 0

    def confirm(self, ids: list[str]) -> None:
        """Forget events that the broker has."""
        with self.together():
            self._db.executemany("DELETE FROM events WHERE id = ?", [(one,) for one in ids])

    # ---- facts ---------------------------------------------------------------------------------------------
    def fact(self, name: str) -> str:
        """Give what was remembered under a name; empty where nothing was."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def remember(self, name: str, value: str) -> None:
        """Remember a value under a name."""
        with self.together():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


COLUMNS = "goal, state, result, seen, restarted, request_id"


def _opened(path: str) -> sqlite3.Connection:
    # made by the thread that starts the agent, then used by its loop alone
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(SCHEMA)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _entry(row: tuple[bytes, Literal["accepted", "settled", "failed"], bytes | None, str | None, int, str]) -> Entry:
    goal, state, result, seen, restarted, request_id = row
    return Entry(
        goal=unpack(goal, Goal),
        state=state,
        settled=unpack(result, Settled) if result and state == "settled" else None,
        failed=unpack(result, Failed) if result and state == "failed" else None,
        seen=Power(seen) if seen else None,
        restarted=bool(restarted),
        request_id=request_id,
    )
