"""Why a server is where it is, as people read it: made of what ``GET /servers/{id}/toft-decision`` answers; pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

SHOWN = 3
"""Hosts that are named of each filter."""


def page(body: dict[str, Any]) -> RenderableType:
    """Draw a server's decisions, the latest first."""
    told = body["server"]
    head = Text.assemble((told["name"], "bold"), f"  {told['id']}  ", (told["status"], "bold"))
    if not body["decisions"]:
        return Group(head, "", "no decision was made on it yet")
    return Group(head, *(part for made in body["decisions"] for part in ("", *_decision(made))))


def _decision(made: dict[str, Any]) -> Iterator[RenderableType]:
    style, word = ("green", "placed") if made["placed"] else ("bold red", "nowhere")
    head = Text.assemble(f"{datetime.fromisoformat(made['at']):%Y-%m-%d %H:%M:%S}  ", (word, style))
    if made.get("host"):
        head.append(f" on {made['host']}", "cyan")
    yield Text.assemble(head, "  ", made["reason"])
    yield from details(made)
    if made.get("best"):
        yield _best(made["best"])


def details(made: dict[str, Any]) -> Iterator[RenderableType]:
    """Draw why hosts fell, what would fit, and which were near."""
    if made["fallen"]:
        yield _fallen(made)
    if made["fits"]:
        yield titled("it would fit", Text("\n".join(f"  {_would(one)}" for one in made["fits"]), "green"))
    if made.get("near"):
        rows = [(escape(one["host"]), escape("; ".join(one["missing"]))) for one in made["near"]]
        missing = Column("what is missing", overflow="fold")
        yield titled("nearest misses", table("host", missing, rows=rows))


def _fallen(made: dict[str, Any]) -> RenderableType:
    """Draw where hosts fell first, in the order in which filters look, down to those that are left."""
    left, rows = made["hosts_seen"], []
    for one in made["fallen"]:
        left -= one["hosts"]
        reasons = list(one.get("reasons", {}).items())[:SHOWN]
        why = "\n".join(f"{host}: {text}" for host, text in reasons) or ", ".join(one["codes"])
        rows.append((one["filter"], str(one["hosts"]), str(left), escape(why)))
    numbers = [Column(name, justify="right") for name in ("fell", "left")]
    last = [Column("why, of the first hosts", overflow="fold")] if any(row[-1] for row in rows) else []
    shown = rows if last else [row[:-1] for row in rows]
    return titled(f"{made['hosts_seen']} hosts seen", table("filter", *numbers, *last, rows=shown))


def _would(one: dict[str, Any]) -> str:
    return f"{one['text']} ({one['hosts']})" if one.get("hosts") else str(one["text"])


def _best(best: list[dict[str, Any]]) -> RenderableType:
    terms = list(dict.fromkeys(name for one in best for name in one["terms"]))
    rows = [
        (escape(one["host"]), f"{one['score']:g}", *(f"{one['terms'].get(name, 0):g}" for name in terms))
        for one in best
    ]
    numbers = [Column(name, justify="right") for name in ("score", *terms)]
    return titled("best hosts, the chosen one first; the lowest score wins", table("host", *numbers, rows=rows))


def titled(title: str, below: RenderableType) -> RenderableType:
    """Put a title over something."""
    return Group(Text(f"\n{title}", "bold"), below)


def table(*columns: Column | str, rows: Iterable[Sequence[str]]) -> Table:
    """Draw a table."""
    made = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        made.add_row(*row)
    return made
