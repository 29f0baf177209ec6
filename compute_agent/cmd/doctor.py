"""``toft doctor``: check this machine, and say what to do."""

import click
from rich.console import Console
from rich.table import Table

from common import settings
from compute_agent.doctor import checks

COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option(
    "--config", "files", multiple=True, type=click.Path(dir_okay=False), help="Settings file; may be repeated."
)
@click.option("--running", is_flag=True, help="Toft itself runs here: its port may be in use.")
def doctor(files: tuple[str, ...], running: bool) -> None:
    """Check this machine, and say what to do."""
    found = checks(settings.load(files), running)
    table = Table("check", "verdict", "found", "what to do")
    for check in found:
        color = COLORS[check.verdict]
        advice = check.advice if check.verdict != "ok" else ""
        table.add_row(check.name, f"[{color}]{check.verdict}[/{color}]", check.found, advice)
    Console().print(table)
    if any(check.verdict == "fail" for check in found):
        raise SystemExit(1)
