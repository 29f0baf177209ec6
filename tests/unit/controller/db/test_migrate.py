"""Migrations: what they build is what tables.py says, on both databases."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from common import errors
from controller.db import dialect, migrate, tables
from tests.services.postgresql import PostgreSQL

Empty = Callable[[str], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Empty]:
    """Makes URLs of empty databases."""
    if request.param == "sqlite":
        yield lambda name: f"sqlite:///{tmp_path / name}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    made: list[str] = []

    def new(_name: str) -> str:
        made.append(server.create())
        return server.url(made[-1])

    yield new
    for database in made:
        server.drop(database)


def inspected(url: str) -> dict[str, Any]:
    """Give all that a database says of its tables."""
    engine = dialect.engine(url, 1)
    with engine.connect() as connection:
        look = sa.inspect(connection)
        found = {
            table: {
                "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(table)],
                "primary": look.get_pk_constraint(table),
                "foreign": sorted(look.get_foreign_keys(table), key=str),
                "unique": sorted(look.get_unique_constraints(table), key=str),
                "checks": sorted(look.get_check_constraints(table), key=str),
                "indexes": sorted((plain(index) for index in look.get_indexes(table)), key=str),
            }
            for table in look.get_table_names()
            if table != "alembic_version"
        }
    engine.dispose()
    return found


def plain(index: Any) -> dict[str, Any]:
    """Turn an index's conditions into text, so that two of them can be compared."""
    return index | {"dialect_options": {name: str(value) for name, value in index.get("dialect_options", {}).items()}}


def test_migrations_build_the_tables(empty: Empty) -> None:
    migrated, made = empty("migrated"), empty("made")
    assert migrate.current(migrated) is None
    assert migrate.upgrade(migrated) == migrate.newest() == migrate.current(migrated)
    engine = dialect.engine(made, 1)
    tables.metadata.create_all(engine)
    engine.dispose()
    assert inspected(migrated) == inspected(made)
    assert set(inspected(migrated)) == set(tables.metadata.tables)


def test_alembic_sees_no_difference(empty: Empty) -> None:
    url = empty("migrated")
    migrate.upgrade(url)
    engine = dialect.engine(url, 1)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_again_is_harmless_and_at_once_too(empty: Empty) -> None:
    url = empty("migrated")
    done: list[str] = []
    threads = [threading.Thread(target=lambda: done.append(migrate.upgrade(url))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [migrate.newest()] * 3


def test_a_newer_database_is_left_alone(empty: Empty) -> None:
    url = empty("newer")
    migrate.upgrade(url)
    engine = dialect.engine(url, 1)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'next year'")
    engine.dispose()
    with pytest.raises(errors.SettingsError, match="next year"):
        migrate.upgrade(url)
    assert migrate.current(url) == "next year"


def test_a_database_that_is_away_is_unavailable(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'no' / 'folder'}"
    for act in (migrate.upgrade, migrate.current):
        with pytest.raises(errors.DatabaseUnavailable):
            act(url)
