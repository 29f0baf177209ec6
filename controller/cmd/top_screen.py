"""The screen of ``toft top``, made of what ``GET /toft/v1/overview`` answers; pure, so that tests read it as text."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

HEAD = 16
"""Lines that stand above the hosts."""

LATE = {"workflow": 60.0, "queue": 5.0, "host": 30.0}
"""Ages in seconds from which something is shown in red."""

STATES = {"up": "green", "deaf": "yellow", "down": "bold red", "disabled": "dim"}


def page(overview: dict[str, Any], width: int, rows: int | None) -> RenderableType:
    """Draw everything; ``rows`` is the height of the screen, None where it may be as long as it wants."""
    shown = None if rows is None else max(3, rows - HEAD - len(overview["workflows"]))
    tables = [_workflows(overview), _queues(overview), _controllers(overview)]
    return Group(_headline(overview), Columns(tables, padding=(0, 2)), _hosts(overview["hosts"], shown))


def _headline(overview: dict[str, Any]) -> Panel:
    servers = "  ".join(f"{number} {state}" for state, number in sorted(overview["servers"].items())) or "none"
    hosts = Text("  hosts: ")
    for state, number in sorted(overview["hosts"]["states"].items()):
        hosts.append(f"{number} {state}  ", STATES.get(state, ""))
    ended = "  ".join(f"{r['kind']} {r['per_second']:.1f}/s {r['state']}" for r in overview["rates"]) or "nothing"
    line = Text.assemble(("servers: ", "bold"), servers, hosts)
    if overview["quarantined"]:
        line.append(f"  quarantined: {overview['quarantined']}", "yellow")
    line.append("\nended lately: ", "bold")
    line.append(ended)
    return Panel(line, title=f"Toft  {overview['at'][:19].replace('T', ' ')}", title_align="left", box=box.ROUNDED)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    return table


def _workflows(overview: dict[str, Any]) -> Table:
    table = _table("workflows under way", "kind", "step", "number", "oldest")
    for group in overview["workflows"]:
        step = group["step"] if group["direction"] == "forward" else f"undo {group['step']}"
        table.add_row(group["kind"], step, str(group["number"]), age(group["oldest_seconds"], "workflow"))
    if not overview["workflows"]:
        table.add_row("none", "", "", "")
    return table


def _queues(overview: dict[str, Any]) -> Table:
    table = _table("queues", "queue", "rows", "oldest")
    for name, queue in overview["queues"].items():
        table.add_row(name, str(queue["rows"]), age(queue["oldest_seconds"], "queue"))
    return table


def _controllers(overview: dict[str, Any]) -> Table:
    held: dict[str, list[str]] = {}
    for lease in overview["leases"]:
        held.setdefault(lease["holder"].rpartition("/")[0], []).append(lease["name"])
    table = _table("controllers", "name", "up", "writer", "reports/s", "leases")
    for one in overview["controllers"]:
        gauges = one["gauges"]
        up = (
            Text(short(one["up_seconds"])) if one["alive"] else Text(f"gone {short(one['silent_seconds'])}", "bold red")
        )
        rate = gauges.get("reports_per_second")
        table.add_row(
            one["name"],
            up,
            str(gauges.get("writer_waiting", "")),
            "" if rate is None else f"{rate:.1f}",
            " ".join(held.get(one["name"], ())),
        )
    return table


def _hosts(hosts: dict[str, Any], shown: int | None) -> Table:
    listed: Sequence[dict[str, Any]] = hosts["listed"][:shown]
    whole = sum(hosts["states"].values())
    title = "hosts" if len(listed) == whole else f"hosts: {len(listed)} of {whole}, those that want a look first"
    table = _table(title, "name", "state", "last heard", "lease", "servers", "cpu", "memory", "epoch", "trouble")
    for host in listed:
        state = host["state"] if host["enabled"] else "disabled"
        lease = host["lease_seconds"]
        table.add_row(
            host["name"],
            Text(state, STATES.get(state, "")),
            age(host["silent_seconds"], "host"),
            f"{lease:.0f} s" if lease > 0 else Text("ended", "red"),
            str(host["servers"]),
            "" if host["cpu_percent"] is None else f"{host['cpu_percent']:.0f} %",
            "" if host["memory_used_mib"] is None else f"{host['memory_used_mib'] / 1024:.1f} GiB",
            str(host["epoch"]),
            Text(host["trouble"], "yellow", overflow="ellipsis"),
        )
    return table


def age(seconds: float, kind: str) -> Text:
    """Write an age, in red from where it is late."""
    return Text(short(seconds), "red" if seconds >= LATE[kind] else "")


def short(seconds: float) -> str:
    """Write seconds in the unit that suits them."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
