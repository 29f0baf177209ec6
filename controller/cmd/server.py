"""``toft server``: what operators and tenants ask about one server, beyond what OpenStack's client shows."""

import re
from typing import Any

import click
from rich.console import Console

from controller.cmd import timeline_screen
from controller.cmd.cloud import Api, session

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@click.group()
def server() -> None:
    """Look at one server."""


@server.command()
@click.argument("server")
@click.option("--cloud", help="Cloud of clouds.yaml; else OS_CLOUD, else toft-admin.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")
def timeline(server: str, cloud: str | None, as_json: bool) -> None:
    """Show each step of what was done to SERVER (its id or name): when, how long, where, and which tries failed."""
    api = session(cloud, "compute")
    found = api.get(f"/servers/{server if UUID.fullmatch(server) else named(api, server)}/toft-timeline")
    console = Console()
    if as_json:
        console.print_json(data=found)
    else:
        console.print(timeline_screen.page(found, console.width))


def named(api: Api, name: str) -> str:
    """Give the id of the server of that name: one's own, else, for an operator, anybody's.

    :raises ClickException: there is none, or there are several.
    """
    for scope in ({}, {"all_tenants": "1"}):
        found: list[Any] = api.get("/servers", name=f"^{re.escape(name)}$", **scope)["servers"]
        if len(found) > 1:
            raise click.ClickException(f"{len(found)} servers are called {name}; give the id of one")
        if found:
            return str(found[0]["id"])
    raise click.ClickException(f"there is no server {name}")
