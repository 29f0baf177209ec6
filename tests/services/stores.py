"""Fresh, migrated databases for tests: migrated once, then copied (SQLite) or emptied (PostgreSQL)."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from controller.db import migrate, tables
from controller.db.engine import Store
from tests.services.postgresql import PostgreSQL


class Stores:
    """Makes stores, one after another."""

    def __init__(self, folder: Path, postgresql: Callable[[], PostgreSQL]) -> None:
        self._folder, self._postgresql = folder, postgresql
        self._url = ""

    @contextmanager
    def sqlite(self, folder: Path) -> Iterator[Store]:
        """Give a store in a file of ``folder``."""
        template = self._folder / "template.sqlite"
        if not template.exists():
            migrate.upgrade(f"sqlite:///{template}")
        shutil.copy(template, folder / "toft.sqlite")
        with _open(f"sqlite:///{folder / 'toft.sqlite'}") as store:
            yield store

    @contextmanager
    def postgresql(self, _folder: Path) -> Iterator[Store]:
        """Give a store in a database that is emptied afterwards."""
        if not self._url:
            server = self._postgresql()
            url = server.url(server.create())
            migrate.upgrade(url)
            self._url = url
        with _open(self._url) as store:
            yield store
        with _open(self._url) as store, store.tx() as tx:
            for table in reversed(tables.metadata.sorted_tables):  # 20 times as fast as a new database
                tx.do(sa.delete(table))


@contextmanager
def _open(url: str) -> Iterator[Store]:
    store = Store(url)
    try:
        yield store
    finally:
        store.close()
