"""A server's timeline as people read it: one block a workflow, one row a step, with a bar for when and how long.

Made of what ``GET /servers/{id}/toft-timeline`` answers; pure, so that tests read it as text.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

BAR = 20
"""Characters of the longest bar."""

STYLES = {"done": "green", "failed": "bold red", "retry": "yellow", "undone": "magenta", "waiting": "cyan"}
LATE = 2.0
"""Seconds after which another controller's going on is told with the pause before it."""


class Row(NamedTuple):
    """One line. Seconds count from the workflow's start; ``since`` None: it has no bar."""

    at: float
    since: float | None
    step: str
    outcome: str
    detail: str
    controller: str = ""


def page(body: dict[str, Any], width: int = 100) -> RenderableType:
    """Draw a whole timeline."""
    told = body["server"]
    parts: list[RenderableType] = [Text.assemble((told["name"], "bold"), f"  {told['id']}  ", (told["status"], "bold"))]
    moments = body["timeline"]
    for work in body["workflows"]:
        mine = [moment for moment in moments if moment["workflow_id"] == work["id"]]
        parts += ["", _title(work, body.get("placed", ())), _table(list(rows(work, mine)), width)]
    for moment in moments:
        if not moment["workflow_id"]:
            parts.append(Text(f"\n{_clock(moment['at'])}  {moment['workflow']}: {moment['detail']}"))
    return Group(*parts)


def rows(work: dict[str, Any], moments: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """Give a workflow's lines: a step that waited is one line, from when it was reached to when it was done."""
    start = _time(work["accepted_at"])
    yield Row(0.0, None, "accept", "done", work["request_id"])
    before, since = None, 0.0
    for place, moment in enumerate(moments):
        at = max(0.0, (_time(moment["at"]) - start).total_seconds())
        yield from _handover(before, moment, at)
        before = moment
        last = place == len(moments) - 1
        if moment["outcome"] == "waiting" and not last:
            continue
        yield from _of_host(moment, at, since)
        yield Row(at, since, moment["step"], moment["outcome"], moment["detail"], moment.get("controller") or "")
        since = at


def _handover(before: dict[str, Any] | None, moment: dict[str, Any], at: float) -> Iterator[Row]:
    """Tell that another controller went on with it."""
    if before is None or not before.get("controller") or before["controller"] == moment.get("controller"):
        return
    pause = (_time(moment["at"]) - _time(before["at"])).total_seconds()
    later = f", {seconds(pause)} later" if pause >= LATE else ""
    yield Row(at, None, "taken over", "", f"from {before['controller']}{later}", moment["controller"])


def _of_host(moment: dict[str, Any], at: float, since: float) -> Iterator[Row]:
    """Give the host's own steps, one after the other up to its answer, and its tries that failed."""
    for number, reason in enumerate(moment.get("tries", ()), 1):
        yield Row(at, None, f"  try {number}", "failed", reason)
    took: dict[str, float] = moment.get("took", {})
    begun = max(since, at - sum(took.values()))
    for name, spent in took.items():
        yield Row(begun + spent, begun, f"  {name}", "done", "on the host")
        begun += spent


def _title(work: dict[str, Any], placed: Sequence[dict[str, Any]]) -> Text:
    spent = (_time(work["updated_at"]) - _time(work["accepted_at"])).total_seconds()
    title = Text.assemble((work["workflow"], "bold"), f"  {_clock(work['accepted_at'])}  ")
    title.append(f"{work['state']} after {seconds(spent)}" if work["state"] != "live" else "under way", "bold")
    here = [p["host"] for p in placed if work["accepted_at"] <= p["at"] <= work["updated_at"]]
    if here:
        title.append(f"  on {', '.join(here)}", "cyan")
    if work["failure"]:
        title.append(f"\n  {work['failure']['code']}: {work['failure']['message']}", "red")
    return title


def _table(lines: Sequence[Row], width: int) -> Table:
    whole = max((line.at for line in lines), default=0.0)
    table = Table.grid(padding=(0, 1))
    table.add_column("at", justify="right", width=9)
    table.add_column("took", justify="right", width=8)
    table.add_column("bar", width=BAR if width >= 90 else BAR // 2, no_wrap=True)
    table.add_column("step", width=13, no_wrap=True)
    table.add_column("outcome", width=7, no_wrap=True)
    table.add_column("detail", ratio=1)
    room = BAR if width >= 90 else BAR // 2
    for line in lines:
        spent = "" if line.since is None else seconds(line.at - line.since)
        detail = "  ".join(part for part in (line.detail, line.controller) if part)
        bar = "" if line.since is None else bar_of(line.since, line.at, whole, room)
        style = STYLES.get(line.outcome, "")
        table.add_row(
            f"+{seconds(line.at)}",
            spent,
            Text(bar, style),
            line.step,
            Text(line.outcome, style),
            Text(detail, overflow="fold"),
        )
    return table


def bar_of(since: float, until: float, whole: float, room: int) -> str:
    """Draw when something was: spaces up to its start, blocks for its time, at least a thin one."""
    if whole <= 0:
        return "▏"
    begin = min(int(since / whole * room), room - 1)
    length = min(room - begin, round((until - since) / whole * room))
    return " " * begin + ("█" * length or "▏")


def seconds(value: float) -> str:
    """Write seconds with three digits that say something."""
    if value < 10:
        return f"{value:.3f} s"
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} m"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _clock(text: str) -> str:
    return f"{_time(text):%Y-%m-%d %H:%M:%S}"
