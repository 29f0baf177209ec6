"""Answers to what would be, as people read them: made of what ``/toft/v1/fit``, ``room`` and ``fragmentation`` say."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Column
from rich.text import Text

from controller.cmd.why_screen import details, table, titled

SHOWN = 20
"""Hosts that are listed; the rest is counted."""


def fit(body: dict[str, Any]) -> RenderableType:
    """Draw how many would fit, where, and what binds."""
    style = "bold red" if body["fits"] < body["count"] else "bold green"
    line = Text.assemble((f"{body['fits']} of {body['count']}", style), f" servers of {body['flavor']} would fit now")
    return Group(line, *_where(body["hosts"]), *_binds(body))


def _where(hosts: dict[str, int]) -> Iterator[RenderableType]:
    if hosts:
        listed = [(escape(name), str(number)) for name, number in list(hosts.items())[:SHOWN]]
        listed += [(f"and {len(hosts) - SHOWN} more", "")] if len(hosts) > SHOWN else []
        where = "on 1 host" if len(hosts) == 1 else f"on {len(hosts)} hosts"
        yield titled(where, table("host", Column("servers", justify="right"), rows=listed))


def _binds(body: dict[str, Any]) -> Iterator[RenderableType]:
    if binds := body["binds"]:
        yield Text("\nwhy one more does not fit", "bold")
        yield from details(binds | {"hosts_seen": body["hosts_seen"]})


def room(body: dict[str, Any]) -> RenderableType:
    """Draw what to move."""
    flavor, moves = body["flavor"], body["moves"]
    if body["host"] and not moves:
        return Text(f"a server of {flavor} fits now, on {body['host']}: nothing is to be moved", "green")
    tried = f"{body['tried']} sets of servers were tried"
    if not body["host"]:
        ended = "all there are of that size" if body["whole"] else "then the search ended; there may be a way"
        return Text(f"no few moves off one host make a server of {flavor} fit: {tried}, {ended}", "red")
    number = "1 move" if len(moves) == 1 else f"{len(moves)} moves"
    head = Text(f"a server of {flavor} fits on {body['host']} after {number} ({tried})")
    rows = [(escape(one["name"]), one["server"], escape(one["from"]), escape(one["to"])) for one in moves]
    return Group(head, table("server", "id", "from", "to", rows=rows))


def fragmentation(body: dict[str, Any], hosts: bool) -> RenderableType:
    """Draw what of each flavor lands.

    :param hosts: on each host, too.
    """
    numbers = ("land", "of", "on hosts", "fragmentation")
    rows = [
        (
            escape(one["name"]),
            *(str(one[key]) for key in ("lands", "held", "hosts")),
            f"{one['fragmentation']:.1%}",
        )
        for one in body["flavors"]
    ]
    whole = table("flavor", *(Column(name, justify="right") for name in numbers), rows=rows)
    return Group(whole, _hosts(body)) if hosts else whole


def _hosts(body: dict[str, Any]) -> RenderableType:
    names = [one["name"] for one in body["flavors"]]
    rows = [
        (escape(one["name"]), str(one["servers"]), *(str(one["lands"][name]) for name in names), escape(one["shut"]))
        for one in body["hosts"]
    ]
    columns = [Column(escape(name), justify="right") for name in ("servers", *names)]
    return titled("that could land on each host", table("host", *columns, "", rows=rows))
