"""The database of a simulated fleet, and each controller's door to it, at which commits go wrong."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from common import errors
from controller.db import tables
from controller.db.engine import Store, Tx
from tests.simulation.trace import Trace
from tests.simulation.turns import Crash, Held, before

MEMORY = Path("/dev/shm")

TWISTS = ("dies before commit", "dies after commit", "database lost", "commit lost", "answer lost", "contention")
"""What may happen to a transaction that has written something.

database lost   it goes away while the transaction is open
commit lost     COMMIT is sent and never arrives
answer lost     COMMIT is done, and the answer never arrives
"""


class Disk:
    """The database's file. ``reset`` puts it back to what ``furnish`` left: made once for many runs."""

    def __init__(self, folder: Path, furnish: Callable[[Store], None]) -> None:
        self.folder, self._template = folder, folder / "template.sqlite"
        self.store = Store(f"sqlite:///{folder / 'fleet.sqlite'}", 4)
        # its crashes are simulated above it
        sa.event.listen(self.store.engine, "connect", lambda c, _r: c.execute("PRAGMA synchronous=OFF"))
        tables.metadata.create_all(self.store.engine)
        furnish(self.store)
        with closing(sqlite3.connect(self._template)) as target, closing(self._raw()) as source:
            source.driver_connection.backup(target)
        self.reader = sqlite3.connect(folder / "fleet.sqlite", isolation_level=None)

    def reset(self) -> None:
        """Forget all that was written since."""
        with closing(sqlite3.connect(self._template)) as source, closing(self._raw()) as target:
            source.backup(target.driver_connection)

    def rows(self, sql: str, *args: object) -> list[tuple[Any, ...]]:
        """Read what is committed, past all doors."""
        return self.reader.execute(sql, args).fetchall()

    def close(self) -> None:
        """Let go of the files."""
        self.reader.close()
        self.store.close()

    def _raw(self) -> Any:
        return self.store.engine.raw_connection()


class Door(Store):
    """What one controller sees of the database.

    :param committed: called after each commit that changed something, before the controller hears of it.
    """

    def __init__(self, disk: Disk, who: str, trace: Trace, committed: Callable[[str], None]) -> None:
        self.__dict__.update(disk.store.__dict__)
        self._who, self._trace, self._committed = who, trace, committed
        self.part = ""

    @contextmanager
    def tx(self) -> Iterator[Tx]:
        """Open a transaction whose commit may have a twist."""
        twist = before("commit")
        with super().tx() as tx:
            raw = tx.connection.connection.driver_connection
            already = raw.total_changes  # type: ignore[union-attr]
            Held.open = True
            try:
                yield tx
            finally:
                Held.open = False
            wrote = raw.total_changes - already  # type: ignore[union-attr]
            self._fail_before(twist if wrote else "")
        if wrote:
            self._trace.tell(self._who, f"{self.part}: commits {wrote} changes")
            self._committed(self._who)
            self._fail_after(twist)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a reading transaction; a controller may stand still before it."""
        before("read")
        with super().read() as tx:
            yield tx

    def _fail_before(self, twist: str) -> None:
        if twist in ("dies before commit", "database lost", "commit lost", "contention"):
            self._trace.fault(self._who, twist, f"of the {self.part}")
        if twist == "dies before commit":
            raise Crash
        if twist == "contention":
            raise errors.Contention("another transaction was quicker")
        if twist in ("database lost", "commit lost"):
            raise errors.DatabaseUnavailable("the database is away")

    def _fail_after(self, twist: str) -> None:
        if twist in ("dies after commit", "answer lost"):
            self._trace.fault(self._who, twist, f"of the {self.part}")
        if twist == "dies after commit":
            raise Crash
        if twist == "answer lost":
            raise errors.DatabaseUnavailable("the database is away")
