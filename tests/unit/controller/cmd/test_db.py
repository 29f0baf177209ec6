"""``toft db upgrade``, as an operator calls it."""

from pathlib import Path

from click.testing import CliRunner

from controller.cmd.db import db
from controller.db import migrate


def settings(folder: Path, state: Path) -> str:
    file = folder / "toft.conf"
    file.write_text(f"[state]\npath = {state}\n")
    return str(file)


def test_upgrade_makes_the_schema_and_says_so(tmp_path: Path) -> None:
    call = ["upgrade", "--config", settings(tmp_path, tmp_path)]
    newest = migrate.newest()
    first, second = CliRunner().invoke(db, call), CliRunner().invoke(db, call)
    assert (first.exit_code, first.output) == (0, f"schema {newest}: upgraded from an empty database\n")
    assert (second.exit_code, second.output) == (0, f"schema {newest}: nothing to do\n")


def test_a_database_that_is_away_is_one_clear_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(db, ["upgrade", "--config", settings(tmp_path, tmp_path / "missing")])
    assert result.exit_code == 1
    assert result.output == "Error: the database cannot be reached: unable to open database file\n"
