"""``toft host``: the fleet, as its operators see it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from common.durable import written_whole
from controller.cmd import cloud as clouds

COLORS = {"up": "green", "new": "blue", "deaf": "yellow", "down": "red", "disabled": "dim", "muted": "red"}
CLOUD = click.option("--cloud", help="Cloud of clouds.yaml. Default: OS_CLOUD, else toft-admin.")


@click.group()
def host() -> None:
    """Look after the hosts."""


def standing(shown: dict[str, Any]) -> str:
    """Say in a word or two how a host is: heard or not first, then what operators or the controller did to it."""
    words = [shown["state"]]
    words += ["disabled"] if not shown["enabled"] else []
    words += [word for word, key in (("muted", "muted_at"), ("degraded", "degraded"), ("held", "held")) if shown[key]]
    words += ["closed"] if shown["closed"] else []
    return " ".join(words)


def ago(moment: str | None, now: datetime) -> str:
    """Say how long ago something was, in its greatest unit."""
    return "never" if moment is None else span(now - datetime.fromisoformat(moment))


def span(time: timedelta) -> str:
    """Write a time in its greatest unit; one below nought as none."""
    seconds = max(0, int(time.total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def remarks(shown: dict[str, Any]) -> str:
    """Say why a host is as it is."""
    held = shown["held"] or {}
    told = [shown["disabled_reason"], shown["closed"], shown["degraded"]]
    told += [f"reports {amount} of {name}: toft host approve" for name, amount in sorted(held.items())]
    told += [f"{shown['strangers']} unknown domains: toft host quarantine"] if shown["strangers"] else []
    return "; ".join(each for each in told if each)


def _table(*columns: Column | str) -> Table:
    return Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)


def _right(*names: str) -> list[Column]:
    return [Column(name, justify="right") for name in names]


def _whole(name: str) -> Column:
    """Give a column whose words go on in the next line, and are never cut."""
    return Column(name, overflow="fold")


@host.command("list")
@CLOUD
def listing(cloud: str | None) -> None:
    """List hosts: how they are, since when, and what they run."""
    now = datetime.now(UTC)
    table = _table(_whole("host"), "state", *_right("last report", "servers"), _whole("agent"), _whole("remarks"))
    for each in clouds.session(cloud).get("/hosts")["hosts"]:
        words = standing(each)
        color = next((COLORS[word] for word in reversed(words.split()) if word in COLORS), "yellow")
        heard, version = ago(each["heard_at"], now), each["version"] or "-"
        row = [escape(each["name"]), f"[{color}]{words}[/]", heard, str(each["servers"]), escape(version)]
        table.add_row(*row, escape(remarks(each)))
    Console().print(table)


@host.command()
@click.argument("name")
@CLOUD
def show(name: str, cloud: str | None) -> None:
    """Show a host: what it has, its credentials, what is in quarantine."""
    shown = clouds.session(cloud).get(f"/hosts/{name}")["host"]
    now = datetime.now(UTC)
    console = Console()
    facts = Table("", "", show_header=False, box=None)
    for what, told in (
        ("host", shown["name"]),
        ("id", shown["id"]),
        ("state", standing(shown)),
        ("remarks", remarks(shown) or "-"),
        ("last report", ago(shown["heard_at"], now)),
        ("epoch", str(shown["epoch"])),
        ("agent", shown["version"] or "-"),
        ("boot", shown["boot_id"] or "-"),
        ("servers", str(shown["servers"])),
    ):
        facts.add_row(f"[bold]{what}[/]", escape(told))
    console.print(facts)
    console.print(_stocks(shown["has"]), _credentials(shown["credentials"], now))
    if shown["quarantine"]:
        console.print(_quarantine(shown["quarantine"], now))


def _stocks(has: dict[str, dict[str, int]]) -> Table:
    columns = ("total", "reserved", "capacity", "used")
    table = _table("class", *_right(*columns))
    for name, stock in has.items():
        table.add_row(name, *(str(stock[column]) for column in columns))
    return table


def _credentials(known: list[dict[str, Any]], now: datetime) -> Table:
    table = _table(*(Column(name, no_wrap=True) for name in ("credential", "broker user", "made")), "")
    for each in known:
        made = f"{ago(each['created_at'], now)} ago"
        table.add_row(each["id"], each["broker_user"] or "-", made, validity(each, now))
    return table


def validity(credential: dict[str, Any], now: datetime) -> str:
    """Say whether a credential is in use and when it ends; one that is in use ends when a newer one is used."""
    words = ["in use"] if credential["in_use"] else []
    if at := credential["retires_at"]:
        left = datetime.fromisoformat(at) - now
        words += [f"ends in {span(left)}" if left > timedelta() else "to be replaced"]
    return ", ".join(words)


def _quarantine(found: list[dict[str, Any]], now: datetime) -> Table:
    table = _table(_whole("host"), *(Column(name, no_wrap=True) for name in ("domain", "first seen")), _whole("why"))
    for each in found:
        seen, why = f"{ago(each['first_seen'], now)} ago", escape(each["reason"] or "-")
        table.add_row(escape(each["host"]), escape(each["domain"]), seen, why)
    return table


@host.command()
@click.argument("name", required=False)
@CLOUD
def quarantine(name: str | None, cloud: str | None) -> None:
    """List domains that are on hosts and are none of ours. They are never deleted."""
    found = clouds.session(cloud).get("/quarantine", **({"host": name} if name else {}))["quarantine"]
    Console().print(_quarantine(found, datetime.now(UTC)) if found else "no domain is in quarantine")


@host.command()
@click.argument("name")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File for the agent's settings.")
@CLOUD
def enroll(name: str, output: Path | None, cloud: str | None) -> None:
    """Make a host, and give its agent's settings: they hold its secrets and are shown this once."""
    _hand_over(clouds.session(cloud).post("/hosts", {"name": name})["settings"], output)


@host.command()
@click.argument("name")
@click.option("--retire", is_flag=True, help="End the old credentials now, not after the grace period.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File for the agent's settings.")
@CLOUD
def rotate(name: str, retire: bool, output: Path | None, cloud: str | None) -> None:
    """Give a host a new key and broker user; the old ones stay valid until the agent uses the new."""
    _hand_over(clouds.session(cloud).post(f"/hosts/{name}/rotate", {"retire": retire})["settings"], output)


def _hand_over(text: str, output: Path | None) -> None:
    """Write the settings to a file that its owner alone may read, or print them."""
    if output is None:
        click.echo(text, nl=False)
        return
    with written_whole(output) as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text.encode())
    click.echo(f"{output}: give it to the host's agent, `toft agent --config {output.name}`", err=True)


@host.command()
@click.argument("name")
@CLOUD
def enable(name: str, cloud: str | None) -> None:
    """Let a host take new servers."""
    _switch(cloud, name, "enable")


@host.command()
@click.argument("name")
@click.option("--reason", default="", help="Why, for others to read.")
@CLOUD
def disable(name: str, reason: str, cloud: str | None) -> None:
    """Let a host take no new servers; those it has run on."""
    _switch(cloud, name, "disable", {"reason": reason})


@host.command()
@click.argument("name")
@CLOUD
def unmute(name: str, cloud: str | None) -> None:
    """Let a host speak again that said too much."""
    _switch(cloud, name, "unmute")


@host.command()
@click.argument("name")
@CLOUD
def approve(name: str, cloud: str | None) -> None:
    """Believe what a host reports to have, although it jumped."""
    _switch(cloud, name, "approve")


def _switch(cloud: str | None, name: str, action: str, body: dict[str, str] | None = None) -> None:
    shown = clouds.session(cloud).post(f"/hosts/{name}/{action}", body)["host"]
    click.echo(f"{shown['name']} is {standing(shown)}")


@host.command()
@click.argument("name")
@CLOUD
def remove(name: str, cloud: str | None) -> None:
    """Forget a host that has no servers; its broker user and queue go with it."""
    clouds.session(cloud).delete(f"/hosts/{name}")
    click.echo(f"{name} is forgotten")
