"""``toft doctor``: check this machine, and say what to do."""

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from common import folder, settings
from compute_agent.doctor import checks

COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option(
    "--config", "files", multiple=True, type=click.Path(dir_okay=False), help="Settings file; may be repeated."
)
def doctor(files: tuple[str, ...]) -> None:
    """Check this machine, and say what to do."""
    chosen = settings.load(files)
    found = checks(chosen, in_use=folder.holder(Path(chosen.state.path), "up") is not None)
    table = Table("check", "verdict", Column("found, and what to do", overflow="fold"))
    for check in found:
        color = COLORS[check.verdict]
        advice = f"\n[bold]{escape(check.advice)}[/bold]" if check.verdict != "ok" else ""
        table.add_row(check.name, f"[{color}]{check.verdict}[/{color}]", escape(check.found) + advice)
    Console().print(table)
    if any(check.verdict == "fail" for check in found):
        raise SystemExit(1)
