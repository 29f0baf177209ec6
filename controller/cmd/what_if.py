"""``toft fit``, ``toft room``, ``toft fragmentation``: what would fit, what would have to move, what is in pieces."""

from typing import Any

import click
from rich.console import Console, RenderableType

from controller.cmd import what_if_screen as screen
from controller.cmd.cloud import session

CLOUD = click.option("--cloud", help="Cloud of clouds.yaml; else OS_CLOUD, else toft-admin.")
FLAVOR = click.option("--flavor", required=True, help="Flavor, by name or id.")
ZONE = click.option("--zone", help="Availability zone that they are to be in.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")


@click.command()
@FLAVOR
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 10_000), help="Servers.")
@ZONE
@CLOUD
@JSON
def fit(flavor: str, count: int, zone: str | None, cloud: str | None, as_json: bool) -> None:
    """Say how many servers of a flavor would fit now, where, and what binds. Nothing is claimed."""
    found = session(cloud).get("/fit", flavor=flavor, count=str(count), **({"zone": zone} if zone else {}))
    _show(found, as_json, screen.fit(found))


@click.command()
@FLAVOR
@ZONE
@click.option("--moves", default=4, show_default=True, type=click.IntRange(1, 8), help="Servers to move at most.")
@CLOUD
@JSON
def room(flavor: str, zone: str | None, moves: int, cloud: str | None, as_json: bool) -> None:
    """Plan the fewest moves that make a server of a flavor fit. Nothing is moved."""
    found = session(cloud).get("/room", flavor=flavor, moves=str(moves), **({"zone": zone} if zone else {}))
    _show(found, as_json, screen.room(found))


@click.command()
@click.option("--flavor", help="Of this flavor only, by name or id. Default: the first twenty.")
@click.option("--hosts", is_flag=True, help="Show each host, too.")
@click.option("--host", help="Show this host, too.")
@CLOUD
@JSON
def fragmentation(flavor: str | None, hosts: bool, host: str | None, cloud: str | None, as_json: bool) -> None:
    """Show how many servers of each flavor could still land, of those that the free amounts would hold together."""
    asked = {name: text for name, text in (("flavor", flavor), ("host", host)) if text}
    found = session(cloud).get("/fragmentation", **asked)
    _show(found, as_json, screen.fragmentation(found, hosts or host is not None))


def _show(found: Any, as_json: bool, page: RenderableType) -> None:
    console = Console()
    if as_json:
        console.print_json(data=found)
    else:
        console.print(page)
